"""Hesap Paylaş: what runs inside the container."""
