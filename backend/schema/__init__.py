"""The schema of a database, read from SQLite or Postgres, and matched with another one."""
