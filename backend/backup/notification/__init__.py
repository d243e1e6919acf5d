"""Tell a web service how the backups are: a heartbeat after success, a report after failure."""
