"""What can be seen of a model that is there: why it answers so, and which photos are alike to it."""
