"""What is asked of generative models: seeds, images, ways between images; and what they refuse."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from dlapps.explain.figures.image_grid import GAP

QUICK = ("evaluation.importance_samples=20", "evaluation.annealing_steps=50")


@pytest.fixture(scope="module")
def train(dlapps, tiny, tmp_path_factory):
    """Trains a config for six steps; returns the run's directory."""

    def train(config: str, *settings: str) -> Path:
        run = tmp_path_factory.mktemp("runs") / config / "0"
        options = [part for text in (*QUICK, *settings) for part in ("--set", text)]
        answer = dlapps("generation", "train", config, "--run", run, *tiny, *options)
        assert answer.exit_code == 0, answer.stderr
        return run

    return train


@pytest.fixture(scope="module")
def autoencoder_run(train) -> Path:
    return train("digits_variational_autoencoder")


@pytest.fixture(scope="module")
def adversary_run(train) -> Path:
    return train("digits_dcgan")


@pytest.fixture(scope="module")
def images(tmp_path_factory) -> list[Path]:
    """Two grey images of a digit's size."""
    directory = tmp_path_factory.mktemp("images")
    random = np.random.default_rng(0)
    for name in ("a", "b"):
        pixels = random.integers(0, 256, (8, 8), dtype=np.uint8)
        Image.fromarray(pixels).save(directory / f"{name}.png")
    return [directory / "a.png", directory / "b.png"]


def read(path: str) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_an_image_is_given_back_and_two_are_joined_by_a_path(
    dlapps, autoencoder_run, images, tmp_path
):
    a, b = images
    inputs = (a, b, f"{a}:{b}", "3")
    answer = dlapps("generation", "predict", autoencoder_run, *inputs, "--to", tmp_path, "--json")
    assert answer.exit_code == 0, answer.stderr
    first, second, path, _ = answer.document
    assert len(list(tmp_path.iterdir())) == 4
    ends = [read(record["reconstruction"]) for record in (first, second)]
    way = read(path["interpolation"])
    assert way.shape == (8, 10 * (8 + GAP) - GAP)
    np.testing.assert_array_equal(way[:, :8], ends[0])
    np.testing.assert_array_equal(way[:, -8:], ends[1])


def test_a_seed_means_the_same_image_wherever_it_lies(dlapps, autoencoder_run, tmp_path):
    command = ("generation", "predict", autoencoder_run, "3", "4", "--to", tmp_path, "--json")
    three, four = (read(record["samples"]) for record in dlapps(*command).document)
    np.testing.assert_array_equal(three[:8, 8 + GAP : 16 + GAP], four[:8, :8])
    assert np.any(three[:8, :8] != four[:8, :8])


def test_encoder_and_decoder_are_served(dlapps, autoencoder_run, images, tmp_path):
    answer = dlapps("generation", "export", autoencoder_run, "--to", tmp_path, "--json")
    assert answer.exit_code == 0, answer.stderr
    served = tf.saved_model.load(answer.document["saved_model"]).signatures
    assert served.keys() >= {"serving_default", "generate", "encode", "decode"}
    contents = tf.constant([image.read_bytes() for image in images])
    latents = served["encode"](image_bytes=contents)["latents"]
    assert latents.shape == (2, 2)
    decoded = served["decode"](latents=latents)["images"].numpy()
    command = ("generation", "predict", autoencoder_run, images[1], "--to", tmp_path, "--json")
    (record,) = dlapps(*command).document
    given_back = read(record["reconstruction"])
    np.testing.assert_allclose(given_back, 255 * decoded[1, ..., 0], atol=0.51)


def test_an_adversary_has_no_encoder_and_says_what_it_takes(
    dlapps, adversary_run, images, tmp_path
):
    for wrong in (images[0], f"{images[0]}:{images[1]}"):
        answer = dlapps("generation", "predict", adversary_run, wrong)
        assert answer.exit_code == 2
        for words in (f"'{wrong}' is no seed", "dcgan cannot encode images", "such as 7"):
            assert words in answer.stderr
    answer = dlapps("generation", "export", adversary_run, "--to", tmp_path, "--json")
    served = tf.saved_model.load(answer.document["saved_model"]).signatures
    assert served.keys() == {"serving_default", "generate", "decode"}


def test_more_than_two_images_and_missing_ones_are_named(dlapps, autoencoder_run, images):
    three = ":".join(["a.png"] * 3)
    for wrong, words in ((three, "names 3 images"), ("nowhere.png", "no image file nowhere.png")):
        answer = dlapps("generation", "predict", autoencoder_run, wrong)
        assert answer.exit_code == 2
        assert words in answer.stderr


def test_distances_are_measured_in_the_features_of_a_classifier(dlapps, tiny, train, tmp_path):
    classifier = tmp_path / "digits_lenet5" / "0"
    dlapps("classification", "train", "digits_lenet5", "--run", classifier, *tiny)
    run = train("digits_dcgan", f"evaluation.classifier={classifier}")
    answer = dlapps("generation", "evaluate", run, "--json")
    assert answer.exit_code == 0, answer.stderr
    measured = answer.document["test"]
    assert measured["frechet_distance"] > measured["frechet_distance_of_training_images"] > 0
    assert len(measured["classifier_sha256"]) == 64


def test_a_classifier_that_cannot_serve_is_named_before_training(dlapps, tiny, xor_run, tmp_path):
    classifier = tmp_path / "digits_lenet5" / "0"
    dlapps("classification", "train", "digits_lenet5", "--run", classifier, *tiny)
    for settings, words in (
        ([f"classifier={tmp_path}/nowhere"], "nowhere is no trained model"),
        ([f"classifier={xor_run}"], "takes images of (2,)"),
        ([f"classifier={classifier}", "feature_layer=dens6"], "did you mean dense6"),
        ([f"classifier={classifier}", "feature_layer=conv1"], "one vector an image"),
    ):
        options = [part for text in settings for part in ("--set", f"evaluation.{text}")]
        answer = dlapps("generation", "train", "digits_dcgan", "--run", tmp_path / "run", *options)
        assert answer.exit_code == 2
        assert words in answer.stderr


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("data.name=rings", "data.name"),
        ("evaluation.classifier=somewhere", "evaluation.classifier needs grey images"),
    ],
)
def test_what_does_not_fit_is_refused_before_training(dlapps, setting, words, tmp_path):
    options = ("--run", tmp_path, "--set", setting)
    answer = dlapps("generation", "train", "digits_rbm", *options)
    assert answer.exit_code == 2
    assert words in answer.stderr
