"""One rule for each family of Postgres types: which values it takes, and their canonical text."""
