"""The page: its steps, and the server they are served by."""
