"""Translation: a sentence in one language to the same sentence in another."""
