"""Captioning: a photo to a sentence that says what is in it."""
