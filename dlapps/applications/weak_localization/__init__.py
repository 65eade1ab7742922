"""Where things are, learned from what is in an image alone."""
