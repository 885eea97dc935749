"""What a result shows, beyond its numbers."""
