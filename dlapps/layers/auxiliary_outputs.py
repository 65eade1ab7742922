"""How a graph keeps outputs that only training asks for."""

import keras


@keras.saving.register_keras_serializable("dlapps")
class AuxiliaryOutputs(keras.layers.Layer):
    """Gives the first of its inputs; the others become part of the network, and change nothing.

    So the layers behind them are drawn, counted and saved with the network they help to train,
    whose answers do not wait for them: what nothing asks for, TensorFlow's graphs do not compute.
    """

    def call(self, inputs):
        return inputs[0]

    def compute_output_shape(self, input_shape):
        return input_shape[0]
