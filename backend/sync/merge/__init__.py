"""Weigh what both sides have changed, and write what can be written."""
