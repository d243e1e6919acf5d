"""What becomes of values that ways into Postgres are known to lose, one case at a time."""
