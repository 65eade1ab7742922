"""Deep-learning applications on TensorFlow and Keras 3, each one YAML file and one command away."""

__version__ = "0.1.0"
