"""Copy tables between databases exactly, and compare them. Knows no app and no screen."""
