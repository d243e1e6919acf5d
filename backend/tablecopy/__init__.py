"""Copy tables between databases, exactly: read, cast, load, compare. Knows no app and no screen."""
