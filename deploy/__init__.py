"""What the operator runs around the containers; standard library only."""
