"""Classification: which of several classes an image or a point belongs to."""
