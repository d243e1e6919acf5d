"""Put a new release in front of the users without one of them noticing."""
