"""AN4's builder; TFDS looks for checksums.tsv beside the module that defines it."""

from dlapps.datasets.an4.an4 import An4

__all__ = ["An4"]
