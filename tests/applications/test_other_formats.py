"""What each model of each application is in ONNX and LiteRT: it agrees, or is refused."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
import yaml

from dlapps.applications import load_application
from dlapps.environments.spec import EnvironmentSpec
from dlapps.errors import UsageError
from dlapps.export.other_formats import LITERT, LITERT_INT8, ONNX, Splits, write_other_format
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
    "speech/tones_crnn": {"spectrogram"},
    "speech/tones_waveform_cnn": {"waveform"},
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
    "tones_crnn": ["data.num_examples=20", "model.units=8"],
    "tones_waveform_cnn": ["data.num_examples=20", "model.filters=4"],
    "number_words_attention": ["model.units=8", "model.embedding_size=8"],
    "digits_dcgan": ["model.filters=[8, 8]"],
}


LONG = ("shapes_unet", "tones_attention_lstm", "tones_crnn", "number_words_attention")
LIVES = [
    pytest.param(name, marks=[pytest.mark.slow] if name.endswith(LONG) else [])
    for name in IN_FLOATS
]


def application_of(config: str, *changes: str):
    file = CONFIGS / f"{config}.yaml"
    name = yaml.safe_load(file.read_text())["application"]
    settings = [*SMALLER.get(file.stem, ()), *changes]
    return load_application(name)(read_config(name, file.read_text(), file.name, settings))


@pytest.fixture(scope="module", params=LIVES)
def untrained(request):
    """The name of a config, and the answers in numbers of its model with random weights."""
    application = application_of(request.param)
    spec = application.build_data().spec
    return request.param, application.numeric_answers(application.build_model(spec), spec)


def files_of(answers, chosen, directory):
    """The folder that is written, and what is told of each file in it."""
    folder = write_other_format(directory, answers, chosen, {})
    told = json.loads((folder / "model.json").read_text())["signatures"]
    return folder, {each["signature"]: each for each in told}


def test_onnx_answers_like_keras(untrained, tmp_path):
    config, answers = untrained
    folder, told = files_of(answers, ONNX, tmp_path)
    assert told.keys() == IN_FLOATS[config]
    for name, described in told.items():
        session = onnxruntime.InferenceSession(str(folder / described["file"]))
        inputs, expected = answers[name].example()
        feeds = {
            each["name"]: inputs[each["name"]].astype(each["dtype"]) for each in described["inputs"]
        }
        names = [each["name"] for each in described["outputs"]]
        for output, found in zip(names, session.run(names, feeds), strict=True):
            np.testing.assert_allclose(found, expected[output], rtol=1e-3, atol=1e-4)


def test_litert_answers_like_keras(untrained, tmp_path):
    config, answers = untrained
    folder, told = files_of(answers, LITERT, tmp_path)
    heard = {"waveform"} if config.startswith("speech") else set()
    assert told.keys() == IN_FLOATS[config] | heard
    for name, described in told.items():
        interpreter = tf.lite.Interpreter(str(folder / described["file"]))
        runner = interpreter.get_signature_runner()
        inputs, expected = answers[name].example()
        feeds = {
            each["name"]: inputs[each["name"]][:1].astype(each["dtype"])
            for each in described["inputs"]
        }
        found = runner(**feeds)
        assert found.keys() == {each["name"] for each in described["outputs"]}
        for output, wanted in expected.items():
            np.testing.assert_allclose(found[output], wanted[:1], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("chosen", [ONNX, LITERT], ids=["onnx", "litert"])
def test_an_agent_that_sees_images_is_written(chosen, tmp_path):
    application = application_of(
        "games/cartpole_dqn", "model={name: convolutional_dqn, width: 8, dueling: true}"
    )
    spec = EnvironmentSpec(
        environment="CartPole-v1",
        observation_shape=(12, 10, 4),
        observation_dtype="uint8",
        centre=(127.5,),
        scale=(127.5,),
        action_names=("left", "right"),
    )
    answers = application.numeric_answers(application.build_model(spec), spec)
    _, told = files_of(answers, chosen, tmp_path)
    (described,) = told["serving_default"]["inputs"]
    assert described["shape"] == [chosen.num_rows, 12, 10, 4]
    assert described["dtype"] == "uint8"


@pytest.mark.slow
@pytest.mark.parametrize("chosen", [ONNX, LITERT], ids=["onnx", "litert"])
def test_a_segmentation_takes_images_of_any_size(chosen, tmp_path):
    application = application_of("segmentation/shapes_unet")
    spec = application.build_data().spec
    answers = application.numeric_answers(application.build_model(spec), spec)
    folder, told = files_of(answers, chosen, tmp_path)
    run = chosen.load(folder / told["pixels"]["file"])
    for size in ((21, 37), (3, 70), (32, 48)):
        pixels = np.random.default_rng(0).integers(0, 256, (2, *size, 3), np.uint8)
        expected = answers["pixels"].function(pixels=tf.constant(pixels))["probabilities"]
        found = run({"pixels": pixels})["probabilities"]
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("chosen", [ONNX, LITERT], ids=["onnx", "litert"])
def test_what_draws_is_refused_with_what_does_not(chosen, tmp_path):
    application = application_of("generation/digits_variational_autoencoder")
    spec = application.build_data().spec
    answers = application.numeric_answers(application.build_model(spec), spec)
    with pytest.raises(UsageError, match=r"draws random numbers.*Others of this run are encode, d"):
        write_other_format(tmp_path, answers, chosen, {}, signature="generate")


def test_what_is_recurrent_is_refused_in_8_bits(tmp_path):
    application = application_of("speech/tones_attention_lstm")
    spec = application.build_data().spec
    answers = application.numeric_answers(application.build_model(spec), spec)
    with pytest.raises(UsageError, match=r"waveform .* too far apart .*spectrogram .* recurrent"):
        write_other_format(tmp_path, answers, LITERT_INT8, {}, splits=Splits(None, None))
