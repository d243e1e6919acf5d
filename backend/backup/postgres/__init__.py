"""What all backups of a Postgres are made with: its programs, what it holds, a scratch server."""
