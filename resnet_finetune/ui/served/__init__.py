"""What the server answers beside the page itself, and whom."""
