"""The database layer: what differs between SQLite and Postgres lives here and nowhere else."""
