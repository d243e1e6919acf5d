"""Measure the sync: what it costs when little has changed between two large databases."""
