"""A model taken away: files that give the same answers without this app, and the proof that they do."""
