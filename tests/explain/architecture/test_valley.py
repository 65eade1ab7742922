"""A network that narrows and widens again is drawn down one column and up another."""

from itertools import combinations

import keras
import pytest
from keras import layers

from dlapps.explain.architecture.drawing import Drawing, architecture_drawing
from dlapps.explain.architecture.layout import arrange
from dlapps.explain.architecture.valley import rungs_of
from dlapps.models.vision.unet import unet


@pytest.fixture(scope="module")
def drawing() -> Drawing:
    return architecture_drawing(unet((None, None, 1), 2, filters=4, depth=3))


def test_skips_run_straight_across_between_boxes_of_one_height(drawing):
    left, right = sorted({box.left for box in drawing.boxes})
    middles = {(box.left, round(box.top + box.height / 2, 6)) for box in drawing.boxes}
    across = [arrow for arrow in drawing.arrows if arrow[0][1] == arrow[-1][1]]
    # Three levels, the crop to the image's size, and the turn.
    assert len(across) == 5
    for (_, y), _ in across:
        assert {(left, round(y, 6)), (right, round(y, 6))} <= middles


def test_the_left_column_goes_down_and_the_right_one_up(drawing):
    left, right = sorted({box.left for box in drawing.boxes})
    tops = {side: [box.top for box in drawing.boxes if box.left == side] for side in (left, right)}
    assert tops[left] == sorted(tops[left])
    assert tops[right] == sorted(tops[right], reverse=True)
    upward = [arrow for arrow in drawing.arrows if arrow[0][1] > arrow[-1][1]]
    assert all(x > right for (x, _), _ in upward)
    assert len(upward) == len(tops[right]) - 1


def test_boxes_stay_apart_on_the_page(drawing):
    for one, other in combinations(drawing.boxes, 2):
        beside = one.left != other.left
        assert beside or one.top + one.height < other.top or other.top + other.height < one.top
    assert max(box.top + box.height for box in drawing.boxes) < drawing.height
    assert max(box.left + box.width for box in drawing.boxes) < drawing.width


def test_repeats_get_their_frames_on_both_sides():
    x = keras.Input((16, 16, 4))
    inputs, skipped = x, []
    for _ in range(2):
        for _ in range(3):
            x = layers.Conv2D(4, 3, padding="same")(x)
        skipped.append(x)
        x = layers.MaxPooling2D(2)(x)
    for skip in skipped[::-1]:
        x = layers.Concatenate()([skip, layers.UpSampling2D(2)(layers.Conv2D(4, 1)(x))])
        x = layers.Conv2D(4, 3, padding="same")(x)
        for _ in range(2):
            x = layers.Conv2D(4, 3, padding="same")(x)
    drawing = architecture_drawing(keras.Model(inputs, x))
    assert len(drawing.frames) == 4
    assert len({frame.left for frame in drawing.frames}) == 2
    for frame in drawing.frames:
        touched = [
            box for box in drawing.boxes
            if frame.left < box.left < frame.left + frame.width
            and frame.top < box.top + box.height and box.top < frame.top + frame.height
        ]  # fmt: skip
        assert len(touched) == 1


@pytest.mark.parametrize(
    "skips",
    [
        pytest.param({3: [2, 0], 6: [5, 3]}, id="one after another"),
        pytest.param({4: [3, 0], 6: [5, 2]}, id="crossing"),
        pytest.param({6: [5, 1]}, id="a single one"),
    ],
)
def test_other_skips_make_no_valley(skips):
    parents = [skips.get(node, [node - 1] if node else []) for node in range(8)]
    assert rungs_of(arrange(parents), []) == []


def test_no_repeat_is_divided_by_the_turn():
    parents = [[], [0], [1], [2], [3], [4], [5], [6, 1], [7, 0]]
    layout = arrange(parents)
    assert rungs_of(layout, []) == [(3, 4), (1, 7), (0, 8)]
    assert rungs_of(layout, [range(3, 6)]) == [(2, 3), (1, 7), (0, 8)]
    assert rungs_of(layout, [range(2, 7)]) == []
