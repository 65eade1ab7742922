"""Outputs for training alone are part of a network and take no part in its answers."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from dlapps.layers.auxiliary_outputs import AuxiliaryOutputs


def test_the_first_input_passes_and_the_rest_is_kept_but_not_computed(tmp_path):
    inputs = keras.Input((4,))
    early = layers.Dense(3, name="early")(inputs)
    outputs = AuxiliaryOutputs()([layers.Dense(2, name="late")(inputs), early])
    model = keras.Model(inputs, outputs)
    x = np.random.default_rng(0).random((5, 4), dtype=np.float32)
    assert model.output_shape == (None, 2)
    np.testing.assert_array_equal(model(x), model.get_layer("late")(x))
    assert model.count_params() == 15 + 10

    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.get_layer("early")(x), model.get_layer("early")(x))

    def products(of: keras.Model) -> int:
        graph = tf.function(lambda x: of(x)).get_concrete_function(tf.TensorSpec((5, 4))).graph
        pruned = tf.compat.v1.graph_util.extract_sub_graph(
            graph.as_graph_def(), [graph.outputs[0].op.name]
        )
        return sum(node.op == "MatMul" for node in pruned.node)

    assert products(model) == 1
    assert products(keras.Model(inputs, early)) == 1
