"""What several steps use: their common parts, photos that were chosen, the run that is looked at, work that can be stopped."""
