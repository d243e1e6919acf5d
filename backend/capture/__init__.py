"""Changes of rows, noted by triggers on both engines, and the log that they write."""
