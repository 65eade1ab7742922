"""The picture of an architecture names every layer, counts right, and nothing overlaps."""

import io
import xml.etree.ElementTree as ElementTree
from itertools import combinations, pairwise

import keras
import pytest
from keras import layers
from matplotlib.colors import to_rgb
from PIL import Image

from dlapps.explain.architecture.drawing import Drawing, architecture_drawing
from dlapps.explain.architecture.layer_graph import Role, layer_calls
from dlapps.explain.architecture.page import Extent
from dlapps.explain.architecture.picture import (
    COLOURS,
    architecture_figure,
    architecture_png,
    architecture_svg,
)
from dlapps.models.vision.resnet import cifar_resnet

TIMES = "\N{MULTIPLICATION SIGN}"


def svg_words(model: keras.Model) -> list[str]:
    root = ElementTree.fromstring(architecture_svg(architecture_drawing(model)))
    return [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]


def test_svg_names_every_layer_with_what_it_does_its_shape_and_parameters(branching_model):
    words = svg_words(branching_model)
    assert {layer.name for layer in branching_model.layers} <= set(words)
    assert {"dense", "add", "model of its own"} <= set(words)
    assert {"36 parameters", "20 parameters", "15 parameters"} <= set(words)
    assert "branching: 6 layers, 71 parameters" in words


def test_a_step_is_told_in_words_and_the_svg_names_all_layers_in_it():
    image = keras.Input((32, 32, 3), name="image")
    conv = layers.Conv2D(8, 5, strides=2, activation="relu", name="conv")(image)
    normal = layers.BatchNormalization(name="norm")(conv)
    pooled = layers.MaxPooling2D(2)(layers.Dropout(0.25, name="drop")(normal))
    model = keras.Model(image, layers.Bidirectional(layers.LSTM(4))(pooled[:, 0]))
    words = svg_words(model)
    assert f"5{TIMES}5 conv, stride 2 · ReLU" in words
    assert "batch norm · dropout 0.25" in words
    assert f"2{TIMES}2 max pool, stride 2" in words
    assert "bidirectional LSTM" in words
    contents = architecture_drawing(model).contents
    assert contents[1] == "conv (Conv2D), norm (BatchNormalization), drop (Dropout)"
    assert f"<title>{contents[1]}</title>" in architecture_svg(architecture_drawing(model))


def test_thousands_are_separated_and_batches_left_out():
    inputs = keras.Input((None, 100), name="frames")
    words = svg_words(keras.Model(inputs, layers.Dense(20)(inputs)))
    assert "2,020 parameters" in words
    assert f"T{TIMES}20" in words


def test_a_shared_layer_is_drawn_at_each_use_and_counted_once(branching_model):
    calls = [call for call in layer_calls(branching_model) if call.name == "shared"]
    assert sorted((call.parameters, call.note) for call in calls) == [
        (0, "shared, counted once"), (20, ""),
    ]  # fmt: skip


def test_a_nested_model_is_one_box(branching_model):
    calls = layer_calls(branching_model)
    assert [call.name for call in calls if call.role is Role.MODEL] == ["nested"]
    assert sum(call.role is Role.INPUT for call in calls) == 2


def test_edges_are_those_of_the_model(branching_model):
    calls = layer_calls(branching_model)
    joined = next(call for call in calls if call.name == "joined")
    assert sorted(calls[parent].name for parent in joined.parents) == ["narrow", "shared", "shared"]
    assert joined.role is Role.MERGE


@pytest.fixture
def deep_drawing(deep_model) -> Drawing:
    return architecture_drawing(deep_model)


@pytest.fixture
def branching_drawing(branching_model) -> Drawing:
    return architecture_drawing(branching_model)


def are_apart(one: Extent, other: Extent) -> bool:
    return (
        one.left + one.width <= other.left
        or other.left + other.width <= one.left
        or one.top + one.height <= other.top
        or other.top + other.height <= one.top
    )


@pytest.mark.parametrize("fixture", ["branching_drawing", "deep_drawing"])
def test_boxes_do_not_overlap_and_lie_on_the_page(fixture, request):
    drawing = request.getfixturevalue(fixture)
    assert all(are_apart(one, other) for one, other in combinations(drawing.boxes, 2))
    for box in (*drawing.boxes, *drawing.frames):
        assert box.left >= 0
        assert box.left + box.width <= drawing.width
        assert box.top + box.height <= drawing.height
    for points in drawing.arrows:
        assert all(0 <= x <= drawing.width and 0 <= y <= drawing.height for x, y in points)


def test_straight_lines_pass_through_no_box(deep_drawing):
    for points in deep_drawing.arrows:
        for (x, y), (next_x, next_y) in pairwise(points):
            if x != next_x and y != next_y:
                continue
            line = Extent(min(x, next_x), min(y, next_y), abs(next_x - x), abs(next_y - y))
            assert all(are_apart(line, box) for box in deep_drawing.boxes)


def test_a_deep_model_lies_in_strips_side_by_side(deep_drawing):
    assert deep_drawing.height < 2000
    assert len({box.left for box in deep_drawing.boxes}) >= 2


def test_repeats_are_drawn_once_in_a_frame_that_says_how_many():
    inputs = x = keras.Input((16,))
    for _ in range(30):
        x = layers.Add()([x, layers.Dense(16)(layers.Dense(16, activation="relu")(x))])
    drawing = architecture_drawing(keras.Model(inputs, layers.Dense(2)(x)))
    (frame,) = drawing.frames
    assert sum(not are_apart(frame, box) for box in drawing.boxes) == 3
    assert len(drawing.boxes) == 5
    assert f"{TIMES} 30" in [text.words for text in drawing.texts]


def test_a_frame_is_no_wider_than_what_is_in_it():
    drawing = architecture_drawing(cifar_resnet((32, 32, 3), 10))
    # A box beside the column elsewhere leaves shortcuts where they are.
    assert len({box.left for box in drawing.boxes}) == 2
    assert all(frame.width < 1.3 * drawing.boxes[0].width for frame in drawing.frames)


def test_blocks_narrow_with_the_maps_and_widen_with_the_channels():
    image = keras.Input((64, 64, 3))
    x = layers.MaxPooling2D(2)(layers.Conv2D(8, 3, padding="same")(image))
    x = layers.MaxPooling2D(2)(layers.Conv2D(16, 3, padding="same")(x))
    drawing = architecture_drawing(keras.Model(image, x))
    sizes = [(round(block.width, 3), round(block.height, 3)) for block, _ in drawing.blocks[:5]]
    widths, heights = zip(*sizes)
    assert widths[0] < widths[1] == widths[2] < widths[3] == widths[4]
    assert heights[0] == heights[1] > heights[2] == heights[3] > heights[4]
    # By the logarithm: each halving takes the same off.
    assert heights[1] - heights[2] == pytest.approx(heights[3] - heights[4], abs=0.01)


def test_texts_fit_into_their_boxes(branching_drawing):
    figure = architecture_figure(branching_drawing)
    figure.dpi = 72
    figure.draw_without_rendering()
    extents = [text.get_window_extent() for text in figure.axes[0].texts]
    assert len(extents) == len(branching_drawing.texts)
    for one, other in combinations(extents, 2):
        assert not one.overlaps(other)


def test_the_png_is_the_drawing_on_a_larger_scale(branching_drawing):
    with Image.open(io.BytesIO(architecture_png(branching_drawing))) as image:
        ratio = image.width / branching_drawing.width
        assert ratio == pytest.approx(image.height / branching_drawing.height, rel=0.01)
        left, top, width, height = (ratio * side for side in branching_drawing.blocks[0][0])
        middle = (int(left + width / 2), int(top + height / 2))
        colour = image.convert("RGB").getpixel(middle)
    wanted = to_rgb(COLOURS[branching_drawing.blocks[0][1]])
    assert [level / 255 for level in colour] == pytest.approx(wanted, abs=0.02)


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
    shapes = [call.shape.split(TIMES) for call in layer_calls(keras.Model(image, double))]
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
    assert shapes == ["T", f"T{TIMES}4"]
