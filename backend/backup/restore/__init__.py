"""Restores of the stack's cluster: planned, made beside the data, compared, then switched."""
