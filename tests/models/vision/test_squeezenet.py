"""SqueezeNet has the published parameters and takes the published weights."""

import io
import os
import re
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image

from dlapps.errors import UsageError
from dlapps.models.vision.squeezenet import load_squeezenet_weights, squeezenet
from dlapps.models.vision.unet import unet


def images(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).random(shape, dtype=np.float32)


def key(layer: str, end: str) -> str:
    """What the published file calls the weights of a layer."""
    for name, short in {"squeeze": "s", "expand1": "e1", "expand3": "e3"}.items():
        layer = layer.replace(name, short)
    return f"{layer}_{end}"


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return squeezenet((63, 70, 3), 1000)


@pytest.fixture(scope="module")
def arrays(model) -> dict[str, np.ndarray]:
    """Weights such as the published file has."""
    rng = np.random.default_rng(1)
    found = {}
    for layer in model.layers:
        for end, weight in zip("wb", layer.weights, strict=False):
            scale = np.sqrt(2 / np.prod(weight.shape[:-1])) if end == "w" else 0.1
            found[key(layer.name, end)] = rng.normal(0, scale, weight.shape).astype(np.float32)
    return found


@pytest.fixture
def path(arrays, tmp_path) -> Path:
    np.savez(tmp_path / "weights.npz", **arrays)
    return tmp_path / "weights.npz"


def test_published_parameters_and_sizes():
    with keras.StatelessScope(initialize_variables=False):
        model = squeezenet((227, 227, 3), 1000)
    assert model.count_params() == 1_248_424
    # The table of the paper; the padding of conv_final is the release's.
    sides = {
        name: model.get_layer(name).output.shape[1]
        for name in ("conv1", "pool1", "fire4", "pool4", "pool8", "fire9", "conv_final")
    }
    assert sides == {
        "conv1": 111, "pool1": 55, "fire4": 55, "pool4": 27, "pool8": 13, "fire9": 13,
        "conv_final": 15,
    }  # fmt: skip
    widths = [model.get_layer(f"fire{number}").output.shape[-1] for number in range(2, 10)]
    assert widths == [128, 128, 256, 256, 384, 384, 512, 512]


def test_with_weights_for_other_pixels_it_answers_as_if_it_saw_those(model, arrays, path):
    pixels = images(2, 63, 70, 3)
    load_squeezenet_weights(model, path)
    answers = model(pixels).numpy()
    # The published preprocessing: blue, green, red of 0 to 255, less their mean.
    published = 255 * pixels[..., ::-1] - np.array([104, 117, 123], np.float32)
    for layer in model.layers:
        if layer.weights:
            layer.set_weights([arrays[key(layer.name, end)] for end in "wb"])
    assert answers.std() > 1
    # Our first layer makes 2 x - 1 of what it is given.
    expected = model((published + 1) / 2).numpy()
    np.testing.assert_allclose(answers, expected, rtol=1e-3, atol=1e-3 * expected.max())
    assert answers.min() >= 0


def test_without_the_head_other_classes_begin_anew(path):
    model = squeezenet((63, 70, 3), 5)
    before = {layer.name: layer.get_weights() for layer in model.layers if layer.weights}
    load_squeezenet_weights(model, path, head=False)
    unchanged = {
        name
        for name, weights in before.items()
        if np.array_equal(weights[0], model.get_layer(name).get_weights()[0])
    }
    assert unchanged == {"conv_final"}


def refused(model: keras.Model, path: Path, message: str) -> None:
    before = [weight.numpy() for weight in model.weights]
    with pytest.raises(UsageError, match=message):
        load_squeezenet_weights(model, path)
    for weight, old in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(weight, old)


def test_what_is_no_file_of_weights_is_refused(model, tmp_path):
    refused(model, tmp_path / "nowhere.npz", r"nowhere\.npz cannot be read \(No such file")
    refused(model, tmp_path, r"cannot be read \(Is a directory\); give the path of an \.npz")
    for name, content in {"text": b"conv1", "empty": b"", "zip": b"PK\x03\x04 and no more"}.items():
        (tmp_path / name).write_bytes(content)
        refused(model, tmp_path / name, rf"{name} are no \.npz file of arrays")
    np.save(tmp_path / "one.npy", np.zeros(3))
    refused(model, tmp_path / "one.npy", r"one\.npy are no \.npz file of arrays")
    np.savez(tmp_path / "objects.npz", conv1_w=np.array([{}], dtype=object))
    refused(model, tmp_path / "objects.npz", r"objects\.npz are no \.npz file of arrays")


def test_a_file_that_does_not_fit_is_refused(model, arrays, tmp_path):
    def given(**changed: Any) -> Path:
        kept = {name: array for name, array in {**arrays, **changed}.items() if array is not None}
        np.savez(tmp_path / "given.npz", **kept)
        return tmp_path / "given.npz"

    message = "lack fire3_e3_b for the layer fire3_expand3, which expects the shape (64,)"
    refused(model, given(fire3_e3_b=None), re.escape(message))
    message = "have conv_final_b in the shape (3,), and the layer conv_final expects (1000,)"
    refused(model, given(conv_final_b=np.zeros(3)), re.escape(message))


@pytest.mark.parametrize(
    ("shape", "num_outputs", "options", "message"),
    [
        ((28, 28, 2), 1000, {}, "conv1_w in the shape (7, 7, 3, 96), and the layer conv1 expects"),
        ((28, 28, 3), 1000, {"small_images": True}, "layer conv1 expects (3, 3, 3, 96)"),
        ((28, 28, 3), 7, {}, "layer conv_final expects (1, 1, 512, 7)"),
    ],
)
def test_a_network_that_the_weights_do_not_fit_is_refused(
    path, shape, num_outputs, options, message
):
    refused(squeezenet(shape, num_outputs, **options), path, re.escape(message))


def test_another_network_is_refused(path):
    refused(unet((32, 32, 3), 2, filters=2, depth=1), path, "unet has no layer conv1; give them to")


@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3)])
def test_small_images_keep_several_places(shape, tmp_path):
    model = squeezenet(shape, 10, small_images=True, dropout=0.2)
    assert model.get_layer("fire9").output.shape[1] == shape[0] // 8
    assert model.get_layer("dropout").rate == 0.2
    x = images(2, *shape)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(model(x), loaded(x))


@pytest.mark.parametrize("small_images", [False, True])
def test_images_that_are_too_small_are_refused(small_images):
    smallest = 8 if small_images else 21
    with keras.StatelessScope(initialize_variables=False):
        model = squeezenet((smallest, smallest, 1), 2, small_images=small_images)
        with pytest.raises(UsageError, match=f"SqueezeNet takes images of {smallest} pixels"):
            squeezenet((smallest - 1, 300, 1), 2, small_images=small_images)
    assert model.get_layer("fire9").output.shape[1] == 1


@pytest.mark.real_data
@pytest.mark.skipif("DLAPPS_MANUAL_DIR" not in os.environ, reason="DLAPPS_MANUAL_DIR is not set")
def test_the_published_weights_name_what_photos_show():
    folder = Path(os.environ["DLAPPS_MANUAL_DIR"])
    model = squeezenet((227, 227, 3), 1000)
    load_squeezenet_weights(model, folder / "squeezenet_imagenet" / "squeezenet_v1_0.npz")
    names = (folder / "squeezenet_imagenet" / "imagenet_classes.txt").read_text().splitlines()
    # The object of each photo as COCO labels it, and its name among ImageNet's.
    shown = {
        34: "zebra", 154: "zebra", 247: "airliner", 263: "Indian elephant", 387: "laptop",
        397: "pizza", 450: "pizza", 471: "school bus", 502: "American black bear", 599: "tabby",
        623: "teddy", 641: "trolleybus",
    }  # fmt: skip
    photos = []
    with zipfile.ZipFile(folder / "coco128" / "coco128.zip") as archive:
        for number in shown:
            content = archive.read(f"coco128/images/train2017/{number:012d}.jpg")
            photo = Image.open(io.BytesIO(content)).convert("RGB")
            side = min(photo.size)
            left, top = (photo.width - side) // 2, (photo.height - side) // 2
            square = photo.crop((left, top, left + side, top + side))
            photos.append(np.asarray(square.resize((227, 227)), np.float32) / 255)
    logits = model(np.stack(photos)).numpy()
    best = np.argsort(-logits, axis=1)[:, :5]
    named = [[names[index].split(",")[0] for index in row] for row in best]
    for number, name, found in zip(shown, shown.values(), named, strict=True):
        assert name in found, (number, found)
    assert sum(row[0] == name for row, name in zip(named, shown.values(), strict=True)) >= 9
