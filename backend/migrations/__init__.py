"""One Alembic environment, one history for each engine, each in two phases."""
