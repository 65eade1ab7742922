"""Data sets of our own: embedded, generated, and TFDS builders that TFDS lacks."""
