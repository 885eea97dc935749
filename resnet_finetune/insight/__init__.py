"""What can be seen in a result, beyond its numbers."""
