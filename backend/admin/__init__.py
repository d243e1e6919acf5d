"""Commands about the app's own data: invent some, check what is there."""
