"""What the main endpoints cost, and whether that depends on the rest of the database."""
