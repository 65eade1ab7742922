"""Monte-Carlo dropout (Gal, Ghahramani 2016, "Dropout as a Bayesian approximation: representing
model uncertainty in deep learning")."""

import keras
import numpy as np
import tensorflow as tf

from dlapps.errors import UsageError
from dlapps.explain.architecture.layer_graph import graph_nodes
from dlapps.layers.mask import Mask

SEED = 0
SPATIAL = (
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
    keras.layers.SpatialDropout3D,
)


class ThinnedNetworks:
    """So many networks, each what a trained one is with some of its units dropped for good.

    Only dropout is at work; all other layers do what they do outside of training. The masks follow
    from a fixed seed, and one mask is that of all examples: an example is answered alike on every
    day, alone and in any batch, and each network is one function, a draw of the weights. What comes
    before the first dropout is computed once. No variable of the model is changed.

    Raises UsageError where the model has no dropout.
    """

    def __init__(self, model: keras.Model, num_samples: int):
        check_dropout(model)
        self._num_samples = num_samples
        # NumPy's streams are frozen; those of TensorFlow differ between devices.
        self._random = np.random.RandomState(SEED)
        self._masks: list[Mask] = []
        self._samples: list[np.ndarray] = []
        entrances = _entrances(model)
        self._trunk = keras.Model(model.input, entrances)
        self._head = keras.models.clone_model(
            keras.Model(entrances, model.output), clone_function=self._masked, recursive=True
        )

    def logits(self, x: tf.Tensor) -> tf.Tensor:
        """[T, N, C], what each network answers; inside a graph or not."""
        features = self._trunk(x, training=False)
        variables = [layer.mask for layer in self._masks]

        def of_one(masks: list[tf.Tensor]) -> tf.Tensor:
            with keras.StatelessScope(state_mapping=list(zip(variables, masks, strict=True))):
                return tf.cast(self._head(features, training=False), tf.float32)

        samples = [tf.constant(masks) for masks in self._samples]
        # One after the other, not ten at a time with the memory of ten.
        return tf.map_fn(of_one, samples, parallel_iterations=1, fn_output_signature=tf.float32)

    def expected_logits(self, x: np.ndarray) -> np.ndarray:
        """The same [T, N, C] by Keras' own `predict`, one network after another."""
        features = self._trunk.predict(x, verbose=0)
        answers = []
        for masks in zip(*self._samples, strict=True):
            for layer, mask in zip(self._masks, masks, strict=True):
                layer.mask.assign(mask)
            answers.append(self._head.predict(features, verbose=0))
        return np.stack(answers).astype(np.float32)

    def _masked(self, layer: keras.Layer) -> keras.Layer:
        """The layer itself, whose weights are shared, or what takes the place of a dropout."""
        if not _drops(layer):
            return layer
        shape = _mask_shape(layer)
        kept = self._random.uniform(size=(self._num_samples, *shape)) >= layer.rate
        self._samples.append((kept / (1 - layer.rate)).astype(np.float32))
        self._masks.append(Mask(shape, name=f"{layer.name}_mask", dtype=layer.dtype_policy))
        return self._masks[-1]


def check_dropout(model: keras.Model) -> None:
    """Raises UsageError where a model drops nothing."""
    if not any(_drops(layer) for layer in model._flatten_layers()):
        raise UsageError(
            "evaluation.monte_carlo_samples: this network has no dropout to draw samples by. "
            "Train one with a rate above 0, such as --set model.dropout=0.3, or put several runs "
            "together by dlapps ensemble."
        )


def _drops(layer: keras.Layer) -> bool:
    return isinstance(layer, keras.layers.Dropout) and layer.rate > 0


def _mask_shape(layer: keras.layers.Dropout) -> tuple[int, ...]:
    """[1, ...], what one mask is multiplied with the layer's inputs as."""
    features = tuple(layer.input.shape[1:])
    if isinstance(layer, SPATIAL):
        return (1, *[1] * (len(features) - 1), features[-1])
    noise = layer.noise_shape or (None,) * (1 + len(features))
    return (1, *(size or feature for size, feature in zip(noise[1:], features, strict=True)))


def _entrances(model: keras.Model) -> list[keras.KerasTensor]:
    """The tensors by which all that no dropout has touched goes into what one does."""
    touched: set[int] = set()
    entrances: dict[int, keras.KerasTensor] = {}
    for node in graph_nodes(model):
        inner = node.operation._flatten_layers() if isinstance(node.operation, keras.Layer) else ()
        is_touched = any(_drops(layer) for layer in inner)
        if is_touched or any(id(tensor) in touched for tensor in node.input_tensors):
            entrances |= {id(t): t for t in node.input_tensors if id(t) not in touched}
            touched |= {id(tensor) for tensor in node.output_tensors}
    return list(entrances.values())
