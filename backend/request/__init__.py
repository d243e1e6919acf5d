"""What surrounds a request of API or page: who asks, from where, and how it ends."""
