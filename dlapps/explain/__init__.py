"""Pictures of any `keras.Model` and of what it did."""
