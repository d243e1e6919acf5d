"""Backups that are encrypted, drilled exactly, and restored beside what is there."""
