"""The picture of an architecture names every layer, counts right, and nothing overlaps."""

import xml.etree.ElementTree as ElementTree
from itertools import combinations, pairwise

import keras
import pytest
from keras import layers

from dlapps.explain.architecture.drawing import architecture_drawing
from dlapps.explain.architecture.layer_graph import Role, layer_calls
from dlapps.explain.architecture.page import BOX_HEIGHT
from dlapps.explain.architecture.picture import architecture_figure, architecture_svg
from dlapps.explain.figures.png import png_bytes

TIMES = "\N{MULTIPLICATION SIGN}"


def svg_words(model: keras.Model) -> list[str]:
    root = ElementTree.fromstring(architecture_svg(model))
    return [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]


def test_svg_names_every_layer_with_class_shape_and_parameters(branching_model):
    words = svg_words(branching_model)
    for layer in branching_model.layers:
        assert layer.name in words
        assert type(layer).__name__ in words
    assert {"36 parameters", "20 parameters", "15 parameters"} <= set(words)
    assert "branching: 6 layers, 71 parameters" in words


def test_thousands_are_separated_and_batches_left_out():
    inputs = keras.Input((None, 100), name="frames")
    words = svg_words(keras.Model(inputs, layers.Dense(20)(inputs)))
    assert "2,020 parameters" in words
    assert f"T {TIMES} 20" in words


def test_a_shared_layer_is_drawn_at_each_use_and_counted_once(branching_model):
    calls = [call for call in layer_calls(branching_model) if call.name == "shared"]
    assert sorted(call.parameters for call in calls) == ["20 parameters", "shared, counted once"]


def test_a_nested_model_is_one_box(branching_model):
    calls = layer_calls(branching_model)
    assert [call.name for call in calls if call.role is Role.MODEL] == ["nested"]
    assert sum(call.role is Role.INPUT for call in calls) == 2


def test_edges_are_those_of_the_model(branching_model):
    calls = layer_calls(branching_model)
    joined = next(call for call in calls if call.name == "joined")
    assert sorted(calls[parent].name for parent in joined.parents) == ["narrow", "shared", "shared"]
    assert joined.role is Role.MERGE


@pytest.mark.parametrize("fixture", ["branching_model", "deep_model"])
def test_boxes_do_not_overlap_and_lie_on_the_page(fixture, request):
    drawing = architecture_drawing(request.getfixturevalue(fixture))
    for one, other in combinations(drawing.boxes, 2):
        apart = abs(one.left - other.left) >= drawing.box_width
        assert apart or abs(one.top - other.top) >= BOX_HEIGHT, (one, other)
    for box in drawing.boxes:
        assert box.left >= 0
        assert box.left + drawing.box_width <= drawing.width
        assert box.top + BOX_HEIGHT <= drawing.height
    for points in drawing.arrows:
        assert all(0 <= x <= drawing.width and 0 <= y <= drawing.height for x, y in points)


def test_straight_lines_pass_through_no_box(deep_model):
    drawing = architecture_drawing(deep_model)
    for points in drawing.arrows:
        for (x, y), (next_x, next_y) in pairwise(points):
            if x != next_x and y != next_y:
                continue
            for box in drawing.boxes:
                right, bottom = box.left + drawing.box_width, box.top + BOX_HEIGHT
                beside = max(x, next_x) < box.left or min(x, next_x) > right
                above_or_below = max(y, next_y) <= box.top or min(y, next_y) >= bottom
                assert beside or above_or_below


def test_a_deep_model_is_folded_into_strips(deep_model):
    drawing = architecture_drawing(deep_model)
    assert drawing.height < 2500
    assert len({box.left for box in drawing.boxes}) == 3


def test_texts_fit_into_their_boxes(branching_model):
    figure = architecture_figure(branching_model)
    figure.dpi = 72
    drawing = architecture_drawing(branching_model)
    figure.draw_without_rendering()
    extents = [text.get_window_extent() for text in figure.axes[0].texts]
    assert len(extents) == len(drawing.texts)
    for one, other in combinations(extents, 2):
        assert not one.overlaps(other)


def test_figure_becomes_a_png(branching_model):
    assert png_bytes(architecture_figure(branching_model)).startswith(b"\x89PNG")


def test_a_layer_name_with_markup_is_escaped():
    inputs = keras.Input((2,), name="points")
    model = keras.Model(inputs, layers.Dense(1, name="a<b&c")(inputs), name="odd")
    assert "a<b&c" in svg_words(model)


def test_models_without_a_graph_are_drawn_as_their_layers():
    class Pair(keras.Model):
        def __init__(self):
            super().__init__(name="pair")
            self.encoder = layers.Dense(2, name="encoder")
            self.decoder = layers.Dense(3, name="decoder")

        def call(self, inputs):
            return self.decoder(self.encoder(inputs))

    model = Pair()
    assert "pair: 2 layers, not built yet" in svg_words(model)
    model(keras.ops.ones((1, 3)))
    words = svg_words(model)
    assert "pair: 2 layers, 17 parameters" in words
    assert {"encoder", "decoder", "8 parameters", "9 parameters"} <= set(words)


def test_a_sequential_model_is_a_connected_chain():
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2), layers.Dense(1)])
    assert [len(call.parents) for call in layer_calls(model)] == [0, 1, 1]


def test_an_image_of_any_size_is_followed_through_the_layers():
    image = keras.Input((None, None, 3), name="image")
    half = layers.MaxPooling2D(2)(layers.Conv2D(8, 3, padding="same")(image))
    double = layers.UpSampling2D(4)(half)
    shapes = [call.shape.split(f" {TIMES} ") for call in layer_calls(keras.Model(image, double))]
    assert shapes == [
        ["H", "W", "3"],
        ["H", "W", "8"],
        ["H/2", "W/2", "8"],
        ["2H", "2W", "8"],
    ]
    assert "any H, W" in svg_words(keras.Model(image, double))


def test_a_sentence_of_any_length_has_no_question_marks():
    tokens = keras.Input((None,), dtype="int32")
    embedded = layers.Embedding(5, 4)(tokens)
    shapes = [call.shape for call in layer_calls(keras.Model(tokens, embedded))]
    assert shapes == ["T", f"T {TIMES} 4"]
