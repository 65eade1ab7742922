"""Detection: where the objects of an image are, and what they are."""
