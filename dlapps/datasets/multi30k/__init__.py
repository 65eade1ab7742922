"""Multi30k's builder; TFDS looks for checksums.tsv beside the module that defines it."""

from dlapps.datasets.multi30k.multi30k import Multi30k

__all__ = ["Multi30k"]
