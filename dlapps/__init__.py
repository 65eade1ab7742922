"""Deep-learning applications on TensorFlow and Keras 3, each one YAML file and one command away."""

import os

__version__ = "0.1.0"

# Read when TensorFlow starts. It leaves oneDNN's kernels off on processors without AVX-512, where
# a training step takes 1.1 to 2.5 times as long without them.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
