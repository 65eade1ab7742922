"""The residual networks have the published parameters, and answer as Keras' own do."""

import re

import keras
import numpy as np
import pydantic
import pytest
import tensorflow as tf

from dlapps.config.schema import options_of
from dlapps.errors import UsageError
from dlapps.models.vision.resnet import cifar_resnet, resnet

BUILDERS = {"resnet": resnet, "cifar_resnet": cifar_resnet}


def images(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).random(shape, dtype=np.float32)


def num_trainable(model: keras.Model) -> int:
    return sum(weight.numpy().size for weight in model.trainable_weights)


def tiny(builder=cifar_resnet, **options) -> keras.Model:
    """A network of few channels for 16x16 pixels."""
    if builder is resnet:
        options = {"depth": 18, "small_images": True, **options}
    return builder((16, 16, 3), 5, **{"depth": 8, "filters": 8, "groups": 4, **options})


def part(model: keras.Model, name: str) -> keras.Model:
    return keras.Model(model.input, model.get_layer(name).output)


def randomize_normalizations(model: keras.Model) -> None:
    """Gives every normalization scales, offsets and moving statistics that count."""
    random = np.random.default_rng(1)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            shape = layer.gamma.shape
            layer.gamma.assign(random.uniform(0.5, 1.0, shape))
            layer.beta.assign(random.normal(0, 0.03, shape))
            layer.moving_mean.assign(random.normal(0, 0.03, shape))
            layer.moving_variance.assign(random.uniform(0.2, 0.5, shape))
        elif layer.weights:
            layer.bias.assign(random.normal(0, 0.03, layer.bias.shape))


def name_in_keras(name: str) -> str:
    """What keras.applications calls the layer that we call `name`."""
    if name == "logits":
        return "predictions"
    kind = "bn" if "normalization" in name else "conv"
    if name.startswith("stem"):
        return f"conv1_{kind}"
    stage, block, which = re.match(r"stage(\d)_block(\d+)_(\w+)", name).groups()
    number = 0 if which.startswith("shortcut") else which[-1]
    return f"conv{stage}_block{block}_{number}_{kind}"


@pytest.mark.parametrize(
    ("depth", "published"),
    [
        (50, 25_636_712),
        pytest.param(101, 44_707_176, marks=pytest.mark.slow),
        pytest.param(152, 60_419_944, marks=pytest.mark.slow),
    ],
)
def test_with_keras_weights_it_answers_as_keras_does(depth, published):
    builder = getattr(keras.applications, f"ResNet{depth}")
    theirs = builder(weights=None, input_shape=(64, 64, 3), classifier_activation=None)
    randomize_normalizations(theirs)
    ours = resnet((64, 64, 3), 1000, depth=depth, convolution_bias=True, stride_in_first=True)
    assert ours.count_params() == theirs.count_params() == published
    weighted = [layer for layer in ours.layers if layer.weights]
    assert len(weighted) == len([layer for layer in theirs.layers if layer.weights])
    for layer in weighted:
        layer.set_weights(theirs.get_layer(name_in_keras(layer.name)).get_weights())
    x = images(2, 64, 64, 3) * np.float32([0.5, 1])[:, None, None, None]
    expected = theirs(2 * x - 1).numpy()
    assert np.std(expected[0] - expected[1]) > 0.02 * np.std(expected), "the images count"
    np.testing.assert_allclose(ours(x), expected, rtol=0, atol=1e-4 * np.abs(expected).max())
    for stage in (2, 3, 4, 5):
        assert part(ours, f"stage{stage}").output_shape == (
            None, 64 >> stage, 64 >> stage, 64 << stage,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("depth", "published"),
    [
        (18, 11_689_512),
        (34, 21_797_672),
        (50, 25_557_032),
        pytest.param(101, 44_549_160, marks=pytest.mark.slow),
        pytest.param(152, 60_192_808, marks=pytest.mark.slow),
    ],
)
def test_the_imagenet_networks_have_the_published_parameters(depth, published):
    assert num_trainable(resnet((224, 224, 3), 1000, depth=depth)) == published


def test_with_preactivation_50_layers_have_25549352_parameters():
    assert num_trainable(resnet((32, 32, 3), 1000, preactivation=True)) == 25_549_352


@pytest.mark.parametrize(
    ("depth", "published"),
    [(20, 269_722), (32, 464_154), (44, 658_586), (56, 853_018), (110, 1_727_962)],
)
def test_the_cifar_networks_have_the_published_parameters(depth, published):
    model = cifar_resnet((32, 32, 3), 10, depth=depth)
    assert num_trainable(model) == published
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert len(convolutions) + 1 == depth


@pytest.mark.parametrize(("side", "channels"), [(28, 1), (32, 3)])
def test_small_images_leave_maps_of_several_places(side, channels):
    model = resnet((side, side, channels), 10, depth=18, small_images=True)
    # As often counted for CIFAR: 11,173,962 with three channels.
    assert num_trainable(model) == 11_173_962 - 9 * 64 * (3 - channels)
    sides = [model.get_layer(f"stage{stage}").output.shape[1] for stage in (2, 3, 4, 5)]
    assert sides == [side, side // 2, side // 4, 4]
    assert model(images(2, side, side, channels)).shape == (2, 10)
    model = cifar_resnet((side, side, channels), 10)
    sides = [model.get_layer(f"stage{stage}").output.shape[1] for stage in (2, 3, 4)]
    assert sides == [side, side // 2, side // 4]


@pytest.mark.parametrize(
    "options",
    [
        {"preactivation": True, "shortcut": "projection", "stochastic_depth": 0.5},
        {"normalization": "group", "dropout": 0.5, "spatial_dropout": 0.2},
    ],
)
@pytest.mark.parametrize("builder", BUILDERS.values(), ids=BUILDERS)
def test_a_saved_network_answers_the_same(tmp_path, builder, options):
    model = tiny(builder, **options)
    model.save(tmp_path / "model.keras")
    x = images(3, 16, 16, 3)
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(model(x), loaded(x))


@pytest.mark.parametrize("preactivation", [False, True])
@pytest.mark.parametrize("normalization", ["none", "batch", "layer", "group"])
def test_a_zero_residual_lets_blocks_be_their_shortcuts_and_learn(preactivation, normalization):
    model = tiny(
        preactivation=preactivation, normalization=normalization, zero_initialized_residual=True
    )
    x = images(4, 16, 16, 3)
    stem, stage2, stage4 = (part(model, name)(x).numpy() for name in ("stem", "stage2", "stage4"))
    np.testing.assert_array_equal(stage2, stem)
    if not preactivation:
        # Two shortcuts of the paper's option A, one behind the other.
        np.testing.assert_array_equal(stage4[..., :8], stem[:, ::4, ::4])
        assert stage4.shape == (4, 4, 4, 32)
        assert not stage4[..., 8:].any()
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model(x, training=True) ** 2)
    gradients = dict(
        zip((w.path for w in model.trainable_weights), tape.gradient(loss, model.trainable_weights))
    )
    begins = (
        "normalization2/gamma" if normalization != "none" and not preactivation else "conv2/kernel"
    )
    for stage in (2, 3, 4):
        assert np.abs(gradients[f"stage{stage}_block1_{begins}"]).max() > 1e-6


def test_without_it_blocks_are_more_than_their_shortcuts():
    model, x = tiny(), images(2, 16, 16, 3)
    assert not np.allclose(part(model, "stage2")(x), part(model, "stem")(x), atol=1e-2)


@pytest.mark.parametrize("builder", BUILDERS.values(), ids=BUILDERS)
def test_shortcuts_are_projections_or_have_no_parameters(builder):
    by_shortcut = {
        shortcut: {layer.name for layer in tiny(builder, shortcut=shortcut).layers if layer.weights}
        for shortcut in ("identity", "projection")
    }
    more = by_shortcut["projection"] - by_shortcut["identity"]
    stages = (3, 4, 5) if builder is resnet else (3, 4)
    convolutions = {f"stage{stage}_block1_shortcut" for stage in stages}
    assert more == convolutions | {f"{name}_normalization" for name in convolutions}
    assert by_shortcut["identity"] < by_shortcut["projection"]


@pytest.mark.parametrize(("stride_in_first", "strides"), [(True, (2, 1)), (False, (1, 2))])
def test_a_bottleneck_halves_its_maps_in_one_convolution_or_the_other(stride_in_first, strides):
    model = tiny(resnet, depth=50, stride_in_first=stride_in_first)
    convolutions = [model.get_layer(f"stage3_block1_conv{number}") for number in (1, 2)]
    assert [layer.strides for layer in convolutions] == [(each, each) for each in strides]
    assert [layer.kernel_size for layer in convolutions] == [(1, 1), (3, 3)]


@pytest.mark.parametrize(("filters", "is_sampled_first"), [(4, True), (8, False)])
def test_a_strided_projection_of_few_channels_is_one_of_chosen_places(filters, is_sampled_first):
    network = tiny(resnet, filters=filters)
    projection = network.get_layer("stage3_block1_shortcut")
    assert (
        "stage3_block1_shortcut_sampled" in {x.name for x in network.layers}
    ) is is_sampled_first
    assert projection.strides == ((1, 1) if is_sampled_first else (2, 2))
    maps = keras.Model(network.input, [network.get_layer("stage2").output, projection.output])
    before, after = maps(images(2, 16, 16, 3))
    expected = tf.nn.conv2d(before, projection.kernel, strides=2, padding="VALID")
    np.testing.assert_allclose(after, expected, atol=1e-5)


def test_preactivation_leaves_the_way_from_stem_to_end_free():
    model = tiny(preactivation=True, depth=14)
    x = images(2, 16, 16, 3)
    before, after = part(model, "stage2_block1")(x), part(model, "stage2")(x)
    branch = part(model, "stage2_block2_conv2")(x)
    np.testing.assert_allclose(after, before + branch, atol=1e-6)
    assert after.numpy().min() < 0
    assert part(tiny(), "stage2")(x).numpy().min() == 0
    assert part(model, "last_relu")(x).numpy().min() == 0


def test_dropped_branches_grow_linearly_and_only_in_training():
    model = tiny(depth=14, stochastic_depth=0.6)
    rates = [layer.rate for layer in model.layers if layer.name.endswith("_stochastic_depth")]
    np.testing.assert_allclose(rates, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    plain, x = tiny(depth=14), images(2, 16, 16, 3)
    plain.set_weights([weight.numpy() for weight in model.weights if "seed" not in weight.path])
    np.testing.assert_array_equal(model(x), plain(x))


@pytest.mark.parametrize("option", ["stochastic_depth", "spatial_dropout", "dropout"])
def test_what_drops_does_so_in_training_alone(option):
    model, x = tiny(normalization="none", **{option: 0.5}), images(8, 16, 16, 3)
    answer = model(x).numpy()
    np.testing.assert_array_equal(model(x), answer)
    assert not np.allclose(model(x, training=True), answer, atol=1e-4)


@pytest.mark.parametrize("builder", BUILDERS.values(), ids=BUILDERS)
@pytest.mark.parametrize("normalization", ["none", "batch"])
def test_convolutions_have_biases_where_nothing_else_adds_one(builder, normalization):
    model = tiny(builder, normalization=normalization)
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert {layer.use_bias for layer in convolutions} == {normalization == "none"}


def test_plain_fit_learns_which_half_is_bright():
    x, y = images(64, 8, 8, 1) / 2, np.arange(64) % 2
    x[y == 1, :4] += 0.5
    x[y == 0, 4:] += 0.5
    keras.utils.set_random_seed(0)
    model = cifar_resnet((8, 8, 1), 2, depth=8, filters=4, preactivation=True, stochastic_depth=0.1)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss)
    losses = model.fit(x, y, epochs=12, verbose=0).history["loss"]
    assert losses[-1] < 0.5 * losses[0]
    # The moving statistics follow, and nothing is dropped any more.
    assert np.mean(np.argmax(model(x), axis=1) == y) > 0.95


def test_images_too_small_are_refused():
    with pytest.raises(UsageError, match=r"ResNet-50 takes images of 32 pixels .* 28x28"):
        resnet((28, 28, 1), 10)
    with pytest.raises(UsageError, match=r"ResNet-18 takes images of 8 pixels .* 7x9"):
        resnet((7, 9, 1), 10, depth=18, small_images=True)
    with pytest.raises(UsageError, match="ResNet-20 for CIFAR takes images of 8 pixels"):
        cifar_resnet((7, 9, 1), 10)


def test_groups_that_do_not_divide_a_width_are_refused():
    with pytest.raises(
        UsageError, match=r"model\.groups 32 does not divide the 16 channels of stem"
    ):
        cifar_resnet((32, 32, 3), 10, normalization="group", groups=32)


@pytest.mark.parametrize("name", BUILDERS)
def test_a_config_cannot_name_a_depth_that_does_not_exist(name):
    options = options_of(name, BUILDERS[name])
    for depth in (2, 21, 1):
        with pytest.raises(pydantic.ValidationError, match="depth"):
            options.model_validate({"name": name, "depth": depth})
    assert options.model_validate({"name": name, "depth": 50}).depth == 50
    with pytest.raises(ValueError, match="6n \\+ 2"):
        cifar_resnet((32, 32, 3), 10, depth=21)
