"""Transfer has two stages: a frozen backbone under a new head, then all of it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlapps.applications.classification.application import Classification
from dlapps.config.schema import build_config
from dlapps.errors import UsageError
from dlapps.training.loop import train

CONFIG = {
    "application": "classification",
    "data": {"name": "image_folder", "path": "nowhere", "batch_size": 4},
    "model": {"name": "pretrained", "backbone": "squeezenet", "weights": "none"},
    "transfer": {"frozen_steps": 2, "frozen_learning_rate": 0.01},
    "training": {"steps": 2, "learning_rate": 1e-3, "restore_best_weights": False},
}


def config(**changes):
    classes = Classification.config_class, Classification.models
    return build_config(*classes, {**CONFIG, **changes}, "my.yaml")


@pytest.fixture(scope="module")
def application(tmp_path_factory) -> Classification:
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (folder / name).mkdir()
        for number in range(6):
            pixels = random.integers(0, 256, (32, 32, 3), dtype=np.uint8)
            tf.io.write_file(f"{folder}/{name}/{number}.png", tf.io.encode_png(pixels))
    return Classification(config(data={**CONFIG["data"], "path": str(folder)}))


def test_first_the_head_learns_then_everything(application, tmp_path):
    data = application.build_data()
    keras.utils.set_random_seed(0)
    model = application.build_model(data.spec)
    kernels = [model.get_layer(name).kernel for name in ("conv1", "logits")]
    moved, rates = [], []
    for stage in application.stages(model, data):
        before = [kernel.numpy() for kernel in kernels]
        train(stage, tmp_path / stage.name)
        moved.append([bool((old != new.numpy()).any()) for old, new in zip(before, kernels)])
        rates.append((stage.name, stage.settings.steps, stage.settings.learning_rate))
    assert moved == [[False, True], [True, True]]
    assert rates == [("frozen", 2, 0.01), ("thawed", 2, 1e-3)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"transfer": {"run": "somewhere"}}, "transfer: run and layer go together"),
        (
            {"model": "lenet5"},
            r"transfer is from another run .* or, without them, from the backbone",
        ),
        ({"kernels": {"initializer": "he_normal"}}, "would draw the pretrained kernels anew"),
        ({"transfer": {"run": "somewhere", "layer": "dense6"}}, "transfer is from another run"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(changes, message):
    with pytest.raises(UsageError, match=message):
        config(**changes)
