"""What each model of each application is in ONNX and LiteRT: it agrees, or is refused."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
import yaml

from dlapps.applications import load_application
from dlapps.export.other_formats import LITERT, ONNX, write_other_format
from dlapps.runs.directory import read_config

CONFIGS = Path(__file__).parents[2] / "configs"
IN_FLOATS = {
    "classification/spirals_mlp": {"serving_default"},
    "classification/digits_lenet5": {"pixels"},
    "classification/blobs_perceptron": {"serving_default"},
    "classification/mnist_lenet5_modern": {"pixels"},
    "segmentation/shapes_unet": {"pixels"},
    "speech/tones_keyword_cnn": {"spectrogram"},
    "speech/tones_attention_lstm": {"spectrogram"},
    "translation/number_words_attention": {"encode", "decode"},
    "generation/digits_convolutional_autoencoder": {"encode", "decode"},
    "generation/digits_variational_autoencoder": {"encode", "decode"},
    "generation/digits_dcgan": {"decode"},
    "generation/digits_rbm": {"encode", "decode"},
    "games/cartpole_dqn": {"serving_default"},
}
"""By config, the files of an ONNX export."""
SMALLER = {
    "mnist_lenet5_modern": ["data.name=digits"],
    "shapes_unet": ["data.num_examples=20", "model.filters=4"],
    "tones_keyword_cnn": ["data.num_examples=20", "model.filters=4"],
    "tones_attention_lstm": ["data.num_examples=20", "model.units=8"],
    "number_words_attention": ["model.units=8", "model.embedding_size=8"],
    "digits_dcgan": ["model.filters=[8, 8]"],
}


@pytest.fixture(scope="module", params=IN_FLOATS)
def untrained(request):
    """An application with a model of random weights, and its data."""
    file = CONFIGS / f"{request.param}.yaml"
    name = yaml.safe_load(file.read_text())["application"]
    config = read_config(name, file.read_text(), file.name, SMALLER.get(file.stem, ()))
    application = load_application(name)(config)
    data = application.build_data()
    return request.param, application, application.build_model(data.spec), data


def files_of(untrained, chosen, directory, splits=None):
    _, application, model, data = untrained
    answers = application.numeric_answers(model, data.spec)
    folder = write_other_format(directory, answers, chosen, {}, splits=splits)
    told = json.loads((folder / "model.json").read_text())["signatures"]
    return folder, answers, {each["signature"]: each for each in told}


def test_onnx_answers_like_keras(untrained, tmp_path):
    folder, answers, told = files_of(untrained, ONNX, tmp_path)
    assert told.keys() == IN_FLOATS[untrained[0]]
    for name, described in told.items():
        session = onnxruntime.InferenceSession(str(folder / described["file"]))
        inputs, expected = answers[name].example()
        feeds = {
            each["name"]: inputs[each["name"]].astype(each["type"]) for each in described["inputs"]
        }
        names = [each["name"] for each in described["outputs"]]
        for output, found in zip(names, session.run(names, feeds), strict=True):
            np.testing.assert_allclose(found, expected[output], rtol=1e-3, atol=1e-4)


def test_litert_answers_like_keras(untrained, tmp_path):
    folder, answers, told = files_of(untrained, LITERT, tmp_path)
    heard = {"waveform"} if untrained[0].startswith("speech") else set()
    assert told.keys() == IN_FLOATS[untrained[0]] | heard
    for name, described in told.items():
        interpreter = tf.lite.Interpreter(str(folder / described["file"]))
        runner = interpreter.get_signature_runner()
        inputs, expected = answers[name].example()
        feeds = {
            each["name"]: inputs[each["name"]][:1].astype(each["type"])
            for each in described["inputs"]
        }
        found = runner(**feeds)
        assert found.keys() == {each["name"] for each in described["outputs"]}
        for output, wanted in expected.items():
            np.testing.assert_allclose(found[output], wanted[:1], rtol=1e-3, atol=1e-4)
