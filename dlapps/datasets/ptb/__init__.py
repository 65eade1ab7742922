"""Penn Treebank's builder; TFDS looks for checksums.tsv beside the module that defines it."""

from dlapps.datasets.ptb.ptb import Ptb

__all__ = ["Ptb"]
