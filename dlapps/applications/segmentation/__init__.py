"""Segmentation: which of several classes every pixel of an image belongs to."""
