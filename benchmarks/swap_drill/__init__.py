"""Swap releases under load, and count every request that a user would have noticed."""
