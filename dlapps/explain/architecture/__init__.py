"""A model's architecture as a picture."""
