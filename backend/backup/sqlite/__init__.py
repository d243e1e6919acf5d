"""Backups of a SQLite file: a command beside the app, without a service."""
