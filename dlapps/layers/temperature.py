"""Temperature (Guo, Pleiss, Sun, Weinberger 2017, "On calibration of modern neural networks")."""

import keras


@keras.saving.register_keras_serializable("dlapps")
class Temperature(keras.layers.Layer):
    """Divides logits [N, C] by one number: above 1 it makes them less sure, and ranks them alike.

    It is found after training and never trained, so it is a setting and not a weight.
    """

    def __init__(self, temperature: float, **options):
        super().__init__(**options)
        self.temperature = temperature

    def call(self, logits):
        return logits / self.temperature

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "temperature": self.temperature}
