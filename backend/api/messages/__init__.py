"""The messages that the API takes and gives; a field that is not here is refused.

Amounts are decimal strings on both ways: a JSON number would be a float before we see it.
"""
