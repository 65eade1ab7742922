"""A trained model as a SavedModel that answers on raw input."""
