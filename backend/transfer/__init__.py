"""Move a SQLite database into Postgres, and say "done" only when every row has been compared."""
