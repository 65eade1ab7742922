"""A folded graph tells of every layer: as part of a step, or as one of those a block stands for."""

from typing import Any

import keras
import pytest
from keras import layers

from dlapps.explain.architecture.folding import FoldedGraph, folded
from dlapps.explain.architecture.layer_graph import layer_calls
from dlapps.layers.stochastic_depth import StochasticDepth
from dlapps.models.vision.resnet import cifar_resnet


def residual(x: Any, filters: int) -> Any:
    branch = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
    branch = layers.ReLU()(layers.BatchNormalization()(branch))
    branch = layers.Conv2D(filters, 3, padding="same")(branch)
    return layers.ReLU()(layers.Add()([x, branch]))


def folded_model(inputs: Any, outputs: Any) -> FoldedGraph:
    return folded(layer_calls(keras.Model(inputs, outputs)))


def names(graph: FoldedGraph) -> list[list[str]]:
    return [[call.class_name for call in step.calls] for step in graph.steps]


def totals(graph: FoldedGraph) -> tuple[int, int]:
    """The layers and parameters of all steps, each as often as it is there."""
    times = dict.fromkeys(range(len(graph.steps)), 1)
    for repeat in graph.repeats:
        times |= dict.fromkeys(repeat.steps, repeat.times)
    return (
        sum(len(graph.steps[place].calls) * count for place, count in times.items()),
        sum(graph.steps[place].parameters * count for place, count in times.items()),
    )


def test_normalization_activation_and_padding_join_the_step_of_their_convolution():
    x = keras.Input((8, 8, 3))
    conv = layers.Conv2D(4, 3, name="conv")(layers.ZeroPadding2D(1)(x))
    normal = layers.Dropout(0.5)(layers.ReLU()(layers.BatchNormalization()(conv)))
    graph = folded_model(x, layers.Dense(2)(layers.Flatten()(layers.MaxPooling2D(2)(normal))))
    assert names(graph) == [
        ["InputLayer"],
        ["ZeroPadding2D", "Conv2D", "BatchNormalization", "ReLU", "Dropout"],
        ["MaxPooling2D"],
        ["Flatten"],
        ["Dense"],
    ]
    assert graph.steps[1].leader.name == "conv"


def test_pooling_is_a_step_of_its_own_where_it_keeps_the_shape_too():
    x = keras.Input((8, 8, 3))
    conv = layers.Conv2D(4, 3, padding="same")(x)
    graph = folded_model(x, layers.MaxPooling2D(3, strides=1, padding="same")(conv))
    assert names(graph) == [["InputLayer"], ["Conv2D"], ["MaxPooling2D"]]


def test_what_others_take_too_ends_a_step():
    x = keras.Input((8, 8, 3))
    conv = layers.Conv2D(4, 3, padding="same")(x)
    graph = folded_model(x, layers.Add()([conv, layers.ReLU()(conv)]))
    assert names(graph) == [["InputLayer"], ["Conv2D"], ["ReLU"], ["Add"]]
    assert [step.parents for step in graph.steps] == [(), (0,), (1,), (1, 2)]


def test_residual_blocks_alike_are_told_once_and_counted_each():
    inputs = x = keras.Input((8, 8, 4))
    for _ in range(5):
        x = residual(x, 4)
    x = layers.Conv2D(6, 1)(x)
    for _ in range(2):
        x = residual(x, 6)
    model = keras.Model(inputs, layers.GlobalAveragePooling2D()(x))
    graph = folded(layer_calls(model))
    assert [(len(repeat.steps), repeat.times) for repeat in graph.repeats] == [(3, 5), (3, 2)]
    assert totals(graph) == (len(model.layers), model.count_params())
    first, second = (repeat.steps for repeat in graph.repeats)
    # What follows a block follows the one that is drawn.
    assert graph.steps[first.stop].parents == (first[-1],)
    assert graph.steps[second[-1]].parents == (first.stop, second[1])


def test_blocks_that_differ_in_filters_are_not_folded():
    inputs = x = keras.Input((8, 8, 4))
    for filters in (4, 8, 4, 8):
        branch = layers.Conv2D(filters, 3, padding="same")(x)
        x = layers.Conv2D(4, 3, padding="same")(branch)
    graph = folded_model(inputs, x)
    assert [(len(repeat.steps), repeat.times) for repeat in graph.repeats] == [(4, 2)]
    x = inputs
    for filters in (4, 5, 6):
        x = layers.Add()([x, layers.Conv2D(4, 1)(layers.Conv2D(filters, 3, padding="same")(x))])
    assert folded_model(inputs, x).repeats == ()


def test_layers_with_other_settings_are_not_folded_but_for_the_rate_of_stochastic_depth():
    inputs = x = keras.Input((8, 8, 4))
    for dilation in (1, 2, 4):
        x = layers.Conv2D(4, 3, padding="same", dilation_rate=dilation)(x)
    assert folded_model(inputs, x).repeats == ()
    x = inputs
    for rate in (0.1, 0.2, 0.3):
        x = StochasticDepth(rate)(layers.Conv2D(4, 3, padding="same")(x))
    assert [repeat.times for repeat in folded_model(inputs, x).repeats] == [3]


def test_layers_alike_that_are_not_chained_are_not_folded():
    inputs = keras.Input((8,))
    towers = [layers.Dense(4)(layers.Dense(8)(layers.Dense(8)(inputs))) for _ in range(2)]
    graph = folded_model(inputs, layers.Add()(towers))
    assert [(len(repeat.steps), repeat.times) for repeat in graph.repeats] == [(1, 2), (1, 2)]
    assert len(graph.steps) == 6


def test_a_block_takes_from_one_place():
    inputs = keras.Input((8,))
    first, second = layers.Dense(8, activation="tanh")(inputs), layers.Dense(8)(inputs)
    x = layers.Add()([second, layers.Dense(8, activation="relu")(first)])
    x = layers.Add()([x, layers.Dense(8, activation="relu")(x)])
    assert folded_model(inputs, x).repeats == ()


def test_a_run_that_is_left_from_its_middle_is_not_folded():
    inputs = keras.Input((8,))
    first = layers.Dense(8)(inputs)
    second = layers.Dense(8)(first)
    assert len(folded_model(inputs, second).repeats) == 1
    assert folded_model(inputs, layers.Concatenate()([first, second])).repeats == ()


@pytest.mark.parametrize("preactivation", [False, True])
def test_each_stage_of_a_residual_network_is_a_block_and_its_repeats(preactivation):
    model = cifar_resnet((32, 32, 3), 10, depth=26, preactivation=preactivation)
    graph = folded(layer_calls(model))
    # The first block of the later stages has another shape than the three that follow.
    assert [repeat.times for repeat in graph.repeats][-2:] == [3, 3]
    assert totals(graph) == (len(model.layers), model.count_params())
