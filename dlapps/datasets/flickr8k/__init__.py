"""Flickr8k's builder; TFDS looks for checksums.tsv beside the module that defines it."""

from dlapps.datasets.flickr8k.flickr8k import Flickr8k

__all__ = ["Flickr8k"]
