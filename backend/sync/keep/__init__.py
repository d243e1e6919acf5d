"""What takes a run back."""
