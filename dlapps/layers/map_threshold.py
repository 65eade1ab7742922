"""The number from which on a map is inside of things, kept with the network that makes the map."""

import keras


@keras.saving.register_keras_serializable("dlapps")
class MapThreshold(keras.layers.Layer):
    """Gives logits as they are, and remembers at which threshold the maps behind them are cut.

    It is found after training and never trained, so it is a setting and not a weight.
    """

    def __init__(self, threshold: float, **options):
        super().__init__(**options)
        self.threshold = threshold

    def call(self, logits):
        return logits

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "threshold": self.threshold}
