"""Configuration: the only readers of the environment."""
