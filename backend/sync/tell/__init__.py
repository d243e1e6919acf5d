"""What became of a run, for people, machines and the log."""
