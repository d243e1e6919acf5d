"""Invented data of any size, in every table of the app; the same seed gives the same rows."""

from backend.demo.writer import fill

__all__ = ["fill"]
