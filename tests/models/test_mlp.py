"""The multi-layer perceptron: as wide and as bent as asked, and worth its bends on spirals."""

import keras
import numpy as np
import pytest
import yaml

from dlapps.config.files import find_config
from dlapps.datasets.points import make_points
from dlapps.models.mlp import mlp


def test_parameters_are_counted_by_the_widths():
    assert mlp((28, 28, 1), 10, widths=[800, 800]).count_params() == (
        (784 + 1) * 800 + (800 + 1) * 800 + (800 + 1) * 10
    )
    assert mlp((2,), 3, widths=[]).count_params() == (2 + 1) * 3
    assert mlp((2,), 2, widths=[4], batch_normalization=True).count_params() == 12 + 16 + 10


@pytest.mark.parametrize("shape", [(2,), (5, 4), (8, 8, 3)])
def test_inputs_of_any_shape_give_one_logit_a_class(shape):
    model = mlp(shape, 6, widths=[7, 5], dropout=0.1)
    assert model(np.ones((3, *shape), np.float32)).shape == (3, 6)


def test_dropout_and_activation_are_as_asked():
    model = mlp((2,), 2, widths=[4, 4], activation="gelu", dropout=0.25)
    dropouts = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert [layer.rate for layer in dropouts] == [0.25, 0.25]
    activations = [layer for layer in model.layers if isinstance(layer, keras.layers.Activation)]
    assert [layer.activation for layer in activations] == [keras.activations.gelu] * 2
    assert not any("dropout" in layer.name for layer in mlp((2,), 2).layers)


def test_linear_layers_stay_one_linear_map():
    model = mlp((3,), 2, widths=[8, 8], activation="linear")
    x, y = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    np.testing.assert_allclose(model(x + y) + model(0 * x), model(x) + model(y), atol=1e-5)


def test_maxout_keeps_the_widths_that_were_asked_for():
    model = mlp((3,), 2, widths=[8, 6], activation="maxout")
    assert [model.get_layer(f"dense{n}_maxout").output.shape[-1] for n in (1, 2)] == [8, 6]
    assert model.count_params() == (3 + 1) * 16 + (8 + 1) * 12 + (6 + 1) * 2


def test_a_saved_network_answers_the_same(tmp_path):
    model = mlp((4, 4), 3, widths=[6], batch_normalization=True, dropout=0.5)
    model.save(tmp_path / "model.keras")
    x = np.random.default_rng(0).random((3, 4, 4), dtype=np.float32)
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(model(x), loaded(x))


def accuracy_on_spirals(config_name: str) -> float:
    """Test accuracy after plain `fit` for as many steps as the config trains."""
    file = find_config("classification", config_name)
    config = yaml.safe_load(file.path.read_text())
    steps, batch_size = config["training"]["steps"], config["data"]["batch_size"]
    keras.utils.set_random_seed(0)
    model = mlp((2,), 2, **{k: v for k, v in config["model"].items() if k != "name"})
    rate = keras.optimizers.schedules.CosineDecay(float(config["training"]["learning_rate"]), steps)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.Adam(rate)
    model.compile(optimizer, loss, metrics=["accuracy"], steps_per_execution=50)
    model.fit(
        *make_points("spirals", batch_size * 40, seed=0),
        batch_size=batch_size,
        epochs=steps // 40,
        verbose=0,
    )
    x, y = make_points("spirals", 2000, seed=1)
    return model.evaluate(x, y, verbose=0, return_dict=True)["accuracy"]


def test_a_bent_network_tells_spirals_apart():
    assert accuracy_on_spirals("spirals_mlp") >= 0.99


def test_the_same_network_without_bends_stays_near_chance():
    assert accuracy_on_spirals("spirals_linear") <= 0.65
