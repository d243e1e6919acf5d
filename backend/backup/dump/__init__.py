"""Dumps: encrypted backups of one database that somebody else runs, without its WAL."""
