"""What the backups of a whole stack take, and what is lost with its host."""
