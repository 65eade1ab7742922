"""ISBI 2012's builder; TFDS looks for checksums.tsv beside the module that defines it."""

from dlapps.datasets.isbi2012.isbi2012 import Isbi2012

__all__ = ["Isbi2012"]
