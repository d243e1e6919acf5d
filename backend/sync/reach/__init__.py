"""The way to both databases, and what is wrong on it."""
