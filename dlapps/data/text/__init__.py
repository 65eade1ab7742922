"""Text on its way to a model: tokens and their numbers."""
