"""Generation: new images like those that a model was shown."""
