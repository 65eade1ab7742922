"""A tiny image classifier with two entry points, exported once, and an answer quick to write."""

import io

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from dlapps.export.answer import Answer
from dlapps.export.class_names import LabelTable
from dlapps.export.saved_model import write_saved_model

SIZE = 8


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="session")
def class_names():
    """A byte-order mark, spaces and a character beyond 16 bits: what naive readers drop."""
    return ["\ufeffÄpfel ", "日本 語", "🦊"]


@pytest.fixture(scope="session")
def model():
    """Names the strongest of three colours; the layers are those of an untrained CNN."""
    image = keras.Input([SIZE, SIZE, 3], name="image")
    hidden = keras.layers.DepthwiseConv2D(3, depthwise_initializer="ones", name="conv1")(image)
    hidden = keras.layers.BatchNormalization(name="norm1")(hidden)
    hidden = keras.layers.GlobalAveragePooling2D(name="pool")(hidden)
    hidden = keras.layers.Dropout(0.5, seed=1, name="dropout")(hidden)
    scores = keras.layers.Dense(3, "softmax", kernel_initializer="identity", name="scores")(hidden)
    model = keras.Model(image, scores)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.fixture(scope="session")
def images():
    """Noise with a strongest colour that differs from image to image."""
    noise = np.random.default_rng(3).integers(0, 150, [6, SIZE, SIZE, 3])
    strongest = np.eye(3)[[1, 0, 2, 2, 1, 0]][:, None, None, :]
    return (noise + 100 * strongest).astype(np.uint8)


@pytest.fixture(scope="session")
def image_bytes(images):
    """The same images as PNG; every second one enlarged, which a bilinear resize undoes."""
    enlarged = [
        image.repeat(1 + index % 2, 0).repeat(1 + index % 2, 1)
        for index, image in enumerate(images)
    ]
    return np.array([png(image) for image in enlarged], dtype=object)


@pytest.fixture(scope="session")
def expected(model, images, class_names):
    probabilities = model.predict(images / 255.0, verbose=0)
    labels = np.array([class_names[index] for index in probabilities.argmax(axis=1)])
    assert labels.tolist() == [class_names[index] for index in [1, 0, 2, 2, 1, 0]]
    return {"label": labels, "probabilities": probabilities}


@pytest.fixture(scope="session")
def table(class_names):
    return LabelTable(class_names)


@pytest.fixture(scope="session")
def answers(model, table, images, image_bytes, expected):
    def pixels(image):
        probabilities = model(tf.cast(image, tf.float32) / 255.0, training=False)
        return {
            "label": table.labels(tf.argmax(probabilities, axis=-1)),
            "probabilities": probabilities,
        }

    def decode(encoded):
        image = tf.io.decode_image(encoded, channels=3, expand_animations=False)
        return tf.image.resize(image, [SIZE, SIZE])

    def serve(image_bytes):
        return pixels(tf.map_fn(decode, image_bytes, fn_output_signature=tf.float32))

    return {
        "serving_default": Answer(
            {"image_bytes": tf.TensorSpec([None], tf.string)},
            serve,
            lambda: ({"image_bytes": image_bytes}, expected),
            resources=[table],
        ),
        "pixels": Answer(
            {"image": tf.TensorSpec([None, SIZE, SIZE, 3], tf.uint8)},
            pixels,
            lambda: ({"image": images}, expected),
            resources=[table],
        ),
    }


@pytest.fixture(scope="session")
def exported(answers, tmp_path_factory):
    return write_saved_model(tmp_path_factory.mktemp("exports") / "tiny", answers)


@pytest.fixture
def one_number(tmp_path):
    """An answer with one variable, quick to write."""
    variable = tf.Variable(2.0)
    return Answer(
        {"number": tf.TensorSpec([None], tf.float32)},
        lambda number: {"double": variable * number},
        lambda: ({"number": np.array([1.0, 3.0])}, {"double": np.array([2.0, 6.0])}),
    )
