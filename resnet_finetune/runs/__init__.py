"""Runs on disk and the processes that train them. No torch at import."""
