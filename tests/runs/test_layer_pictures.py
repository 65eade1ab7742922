"""A person looks at one layer of a run: what it learned, what it makes of an image."""

from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def digits_run(dlapps, tiny, tmp_path_factory) -> Path:
    directory = tmp_path_factory.mktemp("runs") / "digits_lenet5" / "0"
    answer = dlapps("classification", "train", "digits_lenet5", "--run", directory, *tiny)
    assert answer.exit_code == 0, answer.stderr
    return directory


@pytest.fixture(scope="module")
def image(tmp_path_factory) -> Path:
    import keras
    import numpy as np

    path = tmp_path_factory.mktemp("images") / "seven.png"
    keras.utils.save_img(path, np.random.default_rng(0).random((8, 8, 1)), scale=True)
    return path


def names_of(answer) -> list[str]:
    assert answer.exit_code == 0, answer.stderr
    return [Path(file).name for file in answer.document["files"]]


def test_a_layer_is_drawn_with_what_excites_it(dlapps, digits_run):
    answer = dlapps("classification", "explain", digits_run, "--layer", "conv3", "--json")
    parts = ("weights", "maximized", "examples")
    assert names_of(answer) == [f"layer_conv3_{part}.png" for part in parts]
    assert all((digits_run / "pictures" / name).is_file() for name in names_of(answer))


def test_of_a_layer_of_points_there_are_weights(dlapps, xor_run):
    answer = dlapps("classification", "explain", xor_run, "--layer", "dense1", "--json")
    assert names_of(answer) == ["layer_dense1_weights.png"]


@pytest.mark.parametrize("method", ["feature_maps", "inversion"])
def test_an_image_is_followed_into_layers(dlapps, digits_run, image, method):
    ask = ("classification", "explain", digits_run, image, "--method", method)
    assert names_of(dlapps(*ask, "--json")) == [f"seven_{method}.png"]
    answer = dlapps(*ask, "--layer", "conv3", "--json")
    assert names_of(answer) == [f"seven_{method}_conv3.png"]


def test_what_there_is_not_is_refused(dlapps, digits_run, xor_run, image):
    asked = ("classification", "explain", digits_run)
    dlapps(*asked, "--layer", "conv33").assert_refused("no layer 'conv33'", "did you mean conv3?")
    ask = (*asked, image, "--method", "feature_maps")
    dlapps(*ask, "--layer", "dense6").assert_refused("that feature_maps can look at", "conv3")
    dlapps(*ask, "--target", "7").assert_refused("explains no answer")
    dlapps(*asked, image, "--method", "inversoin").assert_refused("did you mean inversion?")
    ask = ("classification", "explain", xor_run, "1,2", "--method", "feature_maps")
    dlapps(*ask).assert_refused("takes none or makes no maps of it")
