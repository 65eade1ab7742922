"""Keras layers that Keras lacks: one idea a file."""
