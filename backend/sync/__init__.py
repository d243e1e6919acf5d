"""Keep a local database and a hosted one alike, whichever of them people write to."""
