"""Examples on their way to a model: splits, batches, images."""
