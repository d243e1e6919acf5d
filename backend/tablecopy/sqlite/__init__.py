"""The SQLite side: one snapshot for many readers, chunks of encoded rows, bad values by name."""
