"""Backups of a whole cluster: a repository of pgBackRest, manifests, drills, the schedule."""
