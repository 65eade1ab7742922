"""What is asked of generative models: seeds, images, ways between images; and what they refuse."""

import hashlib
import json
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
    # As many latents as pixels: its first weights have the shape of filters, and are none.
    return train("digits_dcgan", "model.latent_size=64")


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
    assert served.keys() == {
        "serving_default", "generate", "encode", "decode", "reconstruct", "interpolate",
    }  # fmt: skip
    contents = tf.constant([image.read_bytes() for image in images])
    latents = served["encode"](image_bytes=contents)["latents"]
    assert latents.shape == (2, 2)
    decoded = served["decode"](latents=latents)["images"].numpy()
    command = ("generation", "predict", autoencoder_run, images[1], "--to", tmp_path, "--json")
    (record,) = dlapps(*command).document
    given_back = read(record["reconstruction"])
    np.testing.assert_allclose(given_back, 255 * decoded[1, ..., 0], atol=0.51)
    reconstructed = served["reconstruct"](image_bytes=contents)["images"].numpy()
    np.testing.assert_allclose(reconstructed, decoded, atol=1e-5)
    paths = served["interpolate"](first_image_bytes=contents, second_image_bytes=contents[::-1])
    paths = paths["images"].numpy()
    assert paths.shape == (2, 10, 8, 8, 1)
    np.testing.assert_allclose(paths[:, 0], decoded, atol=1e-5)
    np.testing.assert_allclose(paths[:, -1], decoded[::-1], atol=1e-5)
    np.testing.assert_allclose(paths[0, 3], paths[1, 6], atol=1e-5)
    share = np.float32(1 / 3)
    between = tf.constant((1 - share) * latents[:1] + share * latents[1:])
    third = served["decode"](latents=between)["images"].numpy()
    np.testing.assert_allclose(paths[:1, 3], third, atol=1e-5)


def test_an_adversary_has_no_encoder_and_says_what_it_takes(
    dlapps, adversary_run, images, tmp_path
):
    for wrong in (images[0], f"{images[0]}:{images[1]}"):
        answer = dlapps("generation", "predict", adversary_run, wrong)
        answer.assert_refused(f"'{wrong}' is no seed", "dcgan cannot encode images", "such as 7")
    answer = dlapps("generation", "export", adversary_run, "--to", tmp_path, "--json")
    served = tf.saved_model.load(answer.document["saved_model"]).signatures
    assert served.keys() == {"serving_default", "generate", "decode"}


def test_more_than_two_images_and_missing_ones_are_named(dlapps, autoencoder_run, images):
    three = ":".join(["a.png"] * 3)
    for wrong, words in (
        (three, "names 3 images"),
        ("nowhere.png", "no image file nowhere.png"),
        (f"{images[0]}:nowhere.png", "no image file nowhere.png"),
    ):
        dlapps("generation", "predict", autoencoder_run, wrong).assert_refused(words)


def test_a_file_that_is_no_image_is_named(dlapps, autoencoder_run, images, tmp_path):
    notes = tmp_path / "notes.txt"
    notes.write_text("no image")
    for wrong, words in ((notes, "is not an image"), (f"{images[0]}:{notes}", "is not two images")):
        dlapps("generation", "predict", autoencoder_run, wrong).assert_refused(
            f"{notes.name} {words}"
        )


def test_a_colon_may_be_in_the_name_of_a_file(dlapps, autoencoder_run, images, tmp_path):
    odd = tmp_path / "12:30.png"
    odd.write_bytes(images[0].read_bytes())
    command = ("generation", "predict", autoencoder_run, odd, "--to", tmp_path / "to", "--json")
    assert dlapps(*command).document[0].keys() == {"input", "reconstruction"}


def test_filters_are_drawn_of_weights_that_see_the_whole_image(
    dlapps, autoencoder_run, adversary_run
):
    for run, has_filters in ((autoencoder_run, True), (adversary_run, False)):
        answer = dlapps("generation", "explain", run, "--json")
        assert answer.exit_code == 0, answer.stderr
        names = {Path(file).name for file in answer.document["files"]}
        assert ("filters.png" in names) == has_filters


def test_distances_are_measured_in_the_features_of_a_classifier(dlapps, tiny, train, tmp_path):
    classifier = tmp_path / "digits_lenet5" / "0"
    dlapps("classification", "train", "digits_lenet5", "--run", classifier, *tiny)
    run = train("digits_dcgan", f"evaluation.classifier={classifier}")
    answer = dlapps("generation", "evaluate", run, "--json")
    assert answer.exit_code == 0, answer.stderr
    measured = answer.document["test"]
    assert measured["frechet_distance"] > measured["frechet_distance_of_training_images"] > 0
    digest = hashlib.sha256((classifier / "model.keras").read_bytes()).hexdigest()
    assert measured["classifier_sha256"] == digest
    described = json.loads((run / "environment.json").read_text())
    assert described["ingredients"] == {"evaluation.classifier": digest}


def test_a_classifier_that_cannot_serve_is_named_before_training(dlapps, tiny, xor_run, tmp_path):
    classifier = tmp_path / "digits_lenet5" / "0"
    dlapps("classification", "train", "digits_lenet5", "--run", classifier, *tiny)
    for settings, words in (
        ([f"classifier={tmp_path}/nowhere"], "nowhere is no finished run"),
        ([f"classifier={classifier}/model.keras"], "model.keras is no finished run"),
        ([f"classifier={xor_run}"], "takes inputs of (2,)"),
        ([f"classifier={classifier}", "feature_layer=dens6"], "did you mean dense6"),
        ([f"classifier={classifier}", "feature_layer=conv1"], "one vector an example"),
    ):
        options = [part for text in settings for part in ("--set", f"evaluation.{text}")]
        answer = dlapps("generation", "train", "digits_dcgan", "--run", tmp_path / "run", *options)
        answer.assert_refused("evaluation.", words)
        assert not (tmp_path / "run" / "config.yaml").exists(), "refused before any step"


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("data.name=rings", "data.name"),
        ("evaluation.classifier=somewhere", "evaluation.classifier needs grey images"),
    ],
)
def test_what_does_not_fit_is_refused_before_training(dlapps, setting, words, tmp_path):
    options = ("--run", tmp_path, "--set", setting)
    dlapps("generation", "train", "digits_rbm", *options).assert_refused(words)
