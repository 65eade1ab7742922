"""Classification: which of several classes an image, a text or a point belongs to."""
