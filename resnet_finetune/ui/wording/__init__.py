"""The texts of the page, in each of its languages."""
