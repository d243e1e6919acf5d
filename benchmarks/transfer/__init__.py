"""How fast a SQLite file becomes a Postgres database, beside other ways to do it."""
