"""The shell around every command: exit codes, answers, progress, signals."""
