"""The SQLite side: one snapshot for many readers, blocks of encoded rows, bad values by name."""
