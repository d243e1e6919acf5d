"""What the values of a column look like on both engines: one conversion per family of types."""
