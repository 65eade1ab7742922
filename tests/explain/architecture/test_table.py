"""What a table says of layers equals what was published, or counted by hand."""

import csv

import keras
import pytest
from keras import layers

from dlapps.explain.architecture.table import as_csv, layer_table, totals_of
from dlapps.models.vision.lenet5 import lenet5


@pytest.mark.parametrize(
    ("builder", "parameters", "billions", "last_maps", "sight"),
    [
        # Multiply-adds: He et al. 2016, table 1, and Simonyan and Zisserman's network as it is
        # counted there. Receptive fields: Araujo, Norris, Sim 2019, "Computing receptive fields of
        # convolutional neural networks".
        (keras.applications.ResNet50, 25_636_712, 3.8, "conv5_block3_out", "483x483"),
        (keras.applications.VGG16, 138_357_544, 15.4, "block5_pool", "212x212"),
    ],
)
def test_it_counts_as_was_published(builder, parameters, billions, last_maps, sight):
    rows = layer_table(builder(weights=None))
    total = totals_of(rows)
    assert total.parameters == parameters
    assert total.multiply_adds / 1e9 == pytest.approx(billions, abs=0.1)
    assert {row.name: row.receptive_field for row in rows}[last_maps] == sight


def test_lenet5_is_counted_by_hand():
    rows = {row.name: row for row in layer_table(lenet5((28, 28, 1), 10))}
    assert rows["conv1"].multiply_adds == 28 * 28 * 5 * 5 * 6
    assert rows["conv1"].memory == 28 * 28 * 6 * 4
    assert rows["conv3"].receptive_field == "14x14"
    assert rows["dense6"].parameters == 120 * 84 + 84
    assert rows["dense6"].receptive_field == "all"


def test_models_inside_are_entered_and_shared_layers_counted_once():
    x = keras.Input((8, 8, 2))
    shared = layers.Conv2D(2, 3, padding="same", name="shared")
    part = keras.Model(x, layers.MaxPooling2D(2)(shared(shared(x))), name="part")
    image = keras.Input((8, 8, 2))
    model = keras.Model(image, layers.Conv2DTranspose(1, 2, strides=2, name="up")(part(image)))
    rows = layer_table(model)
    assert [row.name for row in rows[:2]] == ["part/shared", "part/shared"]
    assert [row.parameters for row in rows[:2]] == [38, 0]
    assert [row.receptive_field for row in rows] == ["3x3", "5x5", "6x6", "6x6"]
    assert rows[-1].multiply_adds == 4 * 4 * (2 * 2 * 2 * 1)
    assert totals_of(rows).parameters == model.count_params()


def test_of_an_enlarged_image_less_is_seen():
    image = keras.Input((8, 8, 1))
    rows = layer_table(keras.Model(image, layers.Conv2D(1, 5)(layers.Resizing(32, 32)(image))))
    assert [row.receptive_field for row in rows] == ["1x1", "2x2"]


def test_open_sizes_stay_open():
    image = keras.Input((None, None, 3))
    rows = layer_table(keras.Model(image, layers.Conv2D(4, 3, strides=2)(image)))
    assert (rows[0].output, rows[0].multiply_adds, rows[0].memory) == ("?x?x4", None, None)
    assert rows[0].receptive_field == "3x3"
    words = keras.Input((None,), dtype="int32")
    rows = layer_table(keras.Model(words, layers.LSTM(4)(layers.Embedding(9, 3)(words))))
    assert [row.multiply_adds for row in rows] == [0, None]
    *_, last = csv.DictReader(as_csv(rows).splitlines())
    assert last["multiply_adds"] == ""
    assert int(last["parameters"]) == 9 * 3 + 4 * 4 * (3 + 4 + 1)
