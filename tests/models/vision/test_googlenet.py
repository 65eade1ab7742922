"""GoogLeNet has the published parameters, and learns from two heads that nothing else sees."""

import math
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlapps.errors import UsageError
from dlapps.models.classifier import compile_classifier
from dlapps.models.vision import googlenet as module
from dlapps.models.vision.googlenet import INCEPTIONS, GoogLeNet, googlenet

SMALL = (20, 20, 1)


def images(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).random(shape, dtype=np.float32)


def without_memory(*arguments: Any, **options: Any) -> keras.Model:
    """The network with weights that have shapes and no numbers."""
    with keras.StatelessScope(initialize_variables=False):
        return googlenet(*arguments, **options)


def trainable_parameters(model: keras.Model) -> int:
    return sum(math.prod(weight.shape) for weight in model.trainable_weights)


def test_published_parameters():
    with_heads = without_memory((224, 224, 3), 1000)
    assert with_heads.count_params() == 13_378_280
    model = without_memory((224, 224, 3), 1000, auxiliary_weight=0)
    assert type(model) is not GoogLeNet
    assert model.count_params() == 6_998_552
    # The column "output size" of the paper's table.
    sizes = [
        (name, model.get_layer(name).output.shape[1:])
        for name in ("conv1", "pool1", "conv2", "pool2", "inception3b", "inception4e", "pool4")
    ]
    assert sizes == [
        ("conv1", (112, 112, 64)),
        ("pool1", (56, 56, 64)),
        ("conv2", (56, 56, 192)),
        ("pool2", (28, 28, 192)),
        ("inception3b", (28, 28, 480)),
        ("inception4e", (14, 14, 832)),
        ("pool4", (7, 7, 832)),
    ]
    assert model.get_layer("inception5b").output.shape[1:] == (7, 7, 1024)


def test_torchvision_differs_by_its_3x3_kernels_alone():
    model = without_memory((224, 224, 3), 1000, auxiliary_weight=0, batch_normalization=True)
    types = [type(layer).__name__ for layer in model.layers]
    assert "LocalResponseNormalization" not in types
    assert types.count("BatchNormalization") == types.count("Conv2D") == 57
    larger = sum((25 - 9) * widths.five_reduced * widths.five for widths in INCEPTIONS.values())
    assert trainable_parameters(model) == 6_624_904 + larger


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> tuple[keras.Model, keras.Model, list[float]]:
    """The network for small images after some steps, its loaded copy, and the losses."""
    keras.utils.set_random_seed(0)
    model = googlenet(SMALL, 3, small_images=True, auxiliary_weight=0.5)
    compile_classifier(model, keras.optimizers.SGD(0.005))
    x, y = images(12, *SMALL), np.arange(12) % 3
    x *= 0.2 + 0.4 * y[:, None, None, None]
    step = tf.function(model.train_step)
    losses = []
    for _ in range(12):
        model.reset_metrics()
        losses.append(float(step((x, y))["loss"]))
    path = tmp_path_factory.mktemp("googlenet") / "model.keras"
    model.save(path)
    return model, keras.saving.load_model(path, compile=False), losses


def test_its_own_steps_lower_the_loss(trained):
    *_, losses = trained
    assert losses[-1] < 0.8 * losses[0]


def test_it_answers_with_its_own_logits_alone(trained):
    model, *_ = trained
    x = images(2, *SMALL)
    answers = model(x).numpy()
    assert answers.shape == (2, 3)
    kernel = model.get_layer("auxiliary1").kernel
    kept = kernel.numpy()
    kernel.assign(kept + 1)
    np.testing.assert_array_equal(model(x), answers)
    kernel.assign(kept)
    assert model.layers[-1].name == "logits"
    assert {"auxiliary1/kernel", "auxiliary2/kernel"} <= {v.path for v in model.variables}


def test_a_saved_network_answers_and_goes_on_as_before(trained):
    model, loaded, _ = trained
    x = images(2, *SMALL)
    np.testing.assert_array_equal(model(x), loaded(x))
    assert type(loaded) is GoogLeNet
    assert loaded.auxiliary_weight == 0.5
    for name in ("auxiliary1", "auxiliary2_dense"):
        kernels = [m.get_layer(name).kernel.numpy() for m in (model, loaded)]
        np.testing.assert_array_equal(*kernels)
    compile_classifier(loaded, keras.optimizers.SGD(0.01))
    before = loaded.get_layer("auxiliary2").kernel.numpy()
    loaded.train_step((x, np.array([0, 2])))
    assert np.any(loaded.get_layer("auxiliary2").kernel.numpy() != before)


@pytest.mark.parametrize("scale", [1, 128])
def test_a_step_follows_the_weighted_losses_of_all_three(scale, monkeypatch):
    monkeypatch.setattr(module, "AUXILIARY_DROPOUT", 0.0)
    keras.utils.set_random_seed(0)
    model = googlenet(SMALL, 3, small_images=True, auxiliary_weight=0.3, dropout=0.0)
    optimizer: Any = keras.optimizers.SGD(0.01)
    if scale != 1:
        # As mixed_float16 has it.
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer, initial_scale=scale)
    compile_classifier(model, optimizer)
    seen: list[Any] = []
    monkeypatch.setattr(model.optimizer, "apply_gradients", seen.extend)
    x, y = images(4, *SMALL), np.array([0, 1, 2, 1])
    example_weights = np.array([1, 2, 0.5, 0], np.float32)
    logs = model.train_step((x, y, example_weights))

    names = ("logits", "auxiliary1", "auxiliary2")
    heads = keras.Model(model.input, [model.get_layer(name).output for name in names])
    with tf.GradientTape() as tape:
        losses = [
            tf.reduce_mean(
                example_weights
                * tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
            )
            for logits in heads(x)
        ]
        whole = losses[0] + 0.3 * losses[1] + 0.3 * losses[2]
    expected = tape.gradient(whole, [weight for _, weight in seen])
    assert [id(weight) for _, weight in seen] == [id(w) for w in model.trainable_variables]
    for (gradient, _), wanted in zip(seen, expected, strict=True):
        np.testing.assert_allclose(gradient / scale, wanted, rtol=1e-3, atol=1e-5)
    assert float(logs["loss"]) == pytest.approx(float(losses[0]), rel=1e-5)


def test_mixed_precision_and_accumulated_gradients():
    keras.mixed_precision.set_dtype_policy("mixed_float16")
    try:
        model = googlenet(SMALL, 3, small_images=True)
    finally:
        keras.mixed_precision.set_dtype_policy("float32")
    sgd = keras.optimizers.SGD(0.01, gradient_accumulation_steps=2)
    compile_classifier(model, keras.optimizers.LossScaleOptimizer(sgd, initial_scale=16))
    batch = (images(4, *SMALL), np.array([0, 1, 2, 1]))
    kernels = [model.get_layer(name).kernel for name in ("conv1", "auxiliary1", "logits")]
    before = [kernel.numpy() for kernel in kernels]
    model.train_step(batch)
    assert all(np.all(kernel.numpy() == old) for kernel, old in zip(kernels, before, strict=True))
    model.train_step(batch)
    for kernel, old in zip(kernels, before, strict=True):
        assert np.any(kernel.numpy() != old)
        assert np.all(np.isfinite(kernel.numpy()))
    assert model(batch[0]).dtype == tf.float32


@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3)])
def test_small_images_keep_several_places(shape):
    model = without_memory(shape, 10, small_images=True, dropout=0.1)
    places = shape[0] // 8
    assert model.get_layer("inception5b").output.shape[1:] == (places, places, 1024)
    assert model.get_layer("dropout").rate == 0.1
    assert model.get_layer("auxiliary1_dropout").rate == 0.7


@pytest.mark.parametrize(
    ("options", "smallest"),
    [
        ({}, 79),
        ({"auxiliary_weight": 0}, 31),
        ({"small_images": True}, 20),
        ({"small_images": True, "auxiliary_weight": 0}, 8),
    ],
)
def test_images_that_are_too_small_are_refused(options, smallest):
    model = without_memory((smallest, smallest, 1), 2, **options)
    assert min(model.get_layer("inception5b").output.shape[1:]) >= 1
    with pytest.raises(UsageError, match=f"GoogLeNet takes images of {smallest} pixels"):
        without_memory((smallest - 1, 300, 1), 2, **options)
