"""The two databases of a sync, whichever engines they run on."""
