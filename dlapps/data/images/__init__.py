"""Images on their way to a model: decoding, folders, views."""
