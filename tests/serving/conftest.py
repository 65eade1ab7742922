"""Small models written with TensorFlow alone, and a client of the server that serves them."""

import io
import json
import shutil

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from starlette.testclient import TestClient

from dlapps.serving.app import Options, create_app
from dlapps.serving.repository import Repository


def graph(function, **inputs):
    """The concrete function of named inputs, given as (shape, type)."""
    specs = {name: tf.TensorSpec(shape, dtype, name) for name, (shape, dtype) in inputs.items()}
    return tf.function(function).get_concrete_function(**specs)


@pytest.fixture(scope="session")
def write_adder():
    """Writes a version that adds a number to those it is asked: write_adder(directory, 3)."""
    return _write_adder


def _write_adder(directory, addend):
    """A model that adds `addend` to numbers and appears at once, as an export does."""
    module = tf.Module()
    module.addend = tf.Variable(float(addend))
    # Some weight, so that a version that is not let go is seen in the memory.
    module.ballast = tf.Variable(tf.ones([250_000]))
    add = graph(
        lambda x: {"sum": x + module.addend + 0 * module.ballast[0]}, x=([None], tf.float32)
    )
    staging = directory.parent / f".writing-{directory.name}"
    tf.saved_model.save(module, str(staging), signatures={"serving_default": add})
    staging.rename(directory)


@pytest.fixture(scope="session")
def png():
    """The bytes of a grey image: png([[0, 255]])."""
    return _png


def _png(pixels):
    file = io.BytesIO()
    Image.fromarray(np.asarray(pixels, np.uint8)).save(file, "PNG")
    return file.getvalue()


def _half_plus_three():
    module = tf.Module()
    module.half, module.three = tf.Variable(0.5), tf.Variable(3.0)
    return module, {
        "serving_default": graph(
            lambda x: {"y": x * module.half + module.three}, x=([None], tf.float32)
        )
    }


def _sensors():
    """The three named inputs of the published description's example, and two outputs."""

    def measure(tag, signal, sensor):
        total = tf.reduce_sum(signal, 1) + tf.cast(tf.reduce_sum(sensor, [1, 2]), tf.float32)
        return {"total": total, "shout": tf.strings.upper(tag)}

    inputs = {
        "tag": ([None], tf.string),
        "signal": ([None, 5], tf.float32),
        "sensor": ([None, 2, 2], tf.int32),
    }

    def doubled(x):
        return {"mean": tf.reduce_mean(x), "doubled": 2 * x}

    return tf.Module(), {
        "serving_default": graph(measure, **inputs),
        "with_scalar": graph(doubled, x=([None], tf.float32)),
        "constant": graph(lambda: {"answer": tf.constant([42])}),
    }


def _images():
    def decode(encoded):
        image = tf.io.decode_png(encoded, channels=1)
        image.set_shape([None, None, 1])
        return tf.reduce_mean(tf.cast(image, tf.float32))

    def describe(image_bytes):
        return {
            "brightness": tf.map_fn(decode, image_bytes, fn_output_signature=tf.float32),
            "copy_bytes": tf.identity(image_bytes),
        }

    def padded(image_bytes):
        sizes = tf.strings.length(image_bytes)
        return {"mask": tf.sequence_mask(sizes)}

    return tf.Module(), {
        "serving_default": graph(describe, image_bytes=([None], tf.string)),
        "padded": graph(padded, image_bytes=([None], tf.string)),
    }


TYPES = ("bool", "int8", "uint8", "int16", "int32", "int64", "uint32", "uint64", "float16",
         "bfloat16", "float32", "float64", "string")  # fmt: skip


def _types():
    return tf.Module(), {
        name: graph(lambda x: {"x": tf.identity(x)}, x=(None, tf.dtypes.as_dtype(name)))
        for name in TYPES
    }


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """A folder of models, to be looked at but not changed."""
    directory = tmp_path_factory.mktemp("models")
    # Each function returns the module that owns its variables, and the signatures.
    for name, (module, signatures) in {
        "half_plus_three/00000123": _half_plus_three(),
        "sensors/7": _sensors(),
        "images/1": _images(),
        "types/1": _types(),
    }.items():
        tf.saved_model.save(module, str(directory / name), signatures=signatures)
    shutil.copytree(directory / "half_plus_three/00000123", directory / "half_plus_three/5")
    return directory


@pytest.fixture(scope="session")
def opened(models):
    repository = Repository(models)
    repository.open()
    return repository


@pytest.fixture(scope="session")
def client(opened):
    options = Options(largest_body=200_000, most_values=5_000)
    with TestClient(create_app(opened, options), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="session")
def predict(client):
    """Asks a model: predict("half_plus_three", instances=[1.0]); the answer and its status."""

    def ask(address, **document):
        response = client.post(f"/v1/models/{address}:predict", content=json.dumps(document))
        assert response.headers["content-type"] == "application/json"
        return response.status_code, response.json()

    return ask
