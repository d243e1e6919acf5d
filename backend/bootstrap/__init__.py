"""Roles, database and rights of the stack's Postgres: made if missing, healed if changed."""
