"""Measures of quality that Keras lacks."""
