"""The Postgres side: what a table consists of, making it again beside the live one, swapping."""
