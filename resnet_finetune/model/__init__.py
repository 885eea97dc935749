"""Networks: which there are, where their weights come from, and the file a trained one is kept in."""
