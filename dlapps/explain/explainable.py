"""What an application gives so that its model can be looked into, and how it is asked."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import keras
import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure

from dlapps.explain.methods.catalogue import METHODS, Method


class Relevance(NamedTuple):
    """What in an input an answer came from."""

    values: np.ndarray
    """A number for each place of the input, or of the maps of a layer, float32 [N, ...]."""
    method: Method
    layer: str | None = None
    """The layer whose maps were weighed."""

    @property
    def title(self) -> str:
        """The method, and what it looked at."""
        return f"{self.method.title} of {self.layer}" if self.layer else self.method.title

    def of_row(self, row: int) -> "Relevance":
        """That of one input, [...]."""
        return Relevance(self.values[row], self.method, self.layer)


class TargetScore(Protocol):
    """From the outputs of a network to a number [N]: how sure it is of a target.

    Without a target it is the one that the network answers.
    """

    def __call__(self, outputs: tf.Tensor, target: int | None = None, /) -> tf.Tensor: ...


def score_of_output(outputs: tf.Tensor, target: int | None = None) -> tf.Tensor:
    """Of outputs [N, C], such as logits, the one that is the target, or the largest: [N]."""
    return tf.reduce_max(outputs, axis=-1) if target is None else outputs[:, target]


class Explainable(NamedTuple):
    """How to look into a model while it answers one input."""

    network: keras.Model
    """From inputs that gradients reach (after embeddings) to what is scored; without side effects.
    It may take several inputs; the first is what is explained."""
    prepare: Callable[[str], list[tf.Tensor]]
    """From what a person types to the network's inputs, one row of each."""
    score: TargetScore
    show: Callable[[str, list[tf.Tensor], Sequence[Relevance], int | None], Figure]
    """From the text, the network's inputs, their relevance by one method and the target to a
    figure; also by several where it `shows_several`."""
    axes: int
    """How many axes of the first input, after the batch, say where: 2 in an image, 1 in a text."""
    targets: Sequence[str] = ()
    """What the network tells apart, in the order of its outputs; none where it writes freely."""
    layers: Sequence[str] = ()
    """The layers whose maps can be weighed, from the first to the last."""
    layer: str | None = None
    """The one of them that is weighed where none is named; None: the last."""
    layerwise: bool = True
    """Whether each layer is one linear step and an activation, as those methods suppose that go
    back layer by layer; recurrence and attention are more."""
    shows_several: bool = False
    images: Callable[[np.ndarray], np.ndarray] | None = None
    """From first inputs, or maps of them, [N, h, w, ...] to how they are looked at, [N, H, W, C];
    None where they are no images."""
    bounds: tuple[float, float] = (0.0, 1.0)
    """The lowest and the highest number of an image."""
    read: Callable[[Mapping[str, tf.Tensor]], tf.Tensor] | None = None
    """From the columns of examples, as their batches have them, to the network's first input."""
    words: Mapping[str, Sequence[str]] = {}
    """By the path of an embedding in the model what its rows stand for; empty what is none."""
    pictures: Mapping[str, Callable[[str, list[tf.Tensor], int | None], Figure]] = {}
    """By the name of a method that answers with a picture of its own instead of relevance, what
    draws it: from the text, the network's inputs and the target."""

    @property
    def weighed_layer(self) -> str:
        """The layer whose maps are weighed where none is named."""
        return self.layer or self.layers[-1]

    def methods(self) -> list[str]:
        """The names of the methods that suit the network, the one that suits it best first."""
        suitable = [
            name
            for name, each in METHODS.items()
            if (self.layers or not each.weighs_maps) and (self.layerwise or not each.layerwise)
        ]
        best = "grad_cam" if self.layers else "gradient_times_input"
        return sorted(suitable, key=lambda name: name != best)


def relevance_values(
    explainable: Explainable,
    method: str,
    inputs: Sequence[tf.Tensor],
    score: Callable[[tf.Tensor], tf.Tensor],
    layer: str | None = None,
) -> tf.Tensor:
    """A number for each place of the first input, [N, ...], by one of `METHODS`; for a graph.

    One that weighs maps answers in the size of those of `layer`. `score` is what is explained,
    from the outputs of the network to [N].
    """
    chosen = METHODS[method]
    options: dict[str, Any] = {"score": score}
    if chosen.weighs_maps:
        options["layer"] = layer or explainable.weighed_layer
    if chosen.hides_places:
        options["axes"] = explainable.axes
    values = chosen.function(explainable.network, inputs, **options)
    beyond = [*range(1 + explainable.axes, len(values.shape))]
    if chosen.weighs_maps or not beyond:
        return values
    # Of channels, or the numbers of an embedding, their sum, or the one that says most.
    return (tf.reduce_sum if chosen.signed else tf.reduce_max)(values, axis=beyond)


def explainer(
    explainable: Explainable, method: str, target: int | None = None, layer: str | None = None
) -> Callable[[Sequence[tf.Tensor]], Relevance]:
    """What gives the relevance of inputs, however many rows, by one of `METHODS`; compiled."""
    chosen = METHODS[method]
    weighed = (layer or explainable.weighed_layer) if chosen.weighs_maps else None

    @tf.function(reduce_retracing=True, autograph=False)
    def values_of(inputs: Sequence[tf.Tensor]) -> tf.Tensor:
        def score(outputs: tf.Tensor) -> tf.Tensor:
            return explainable.score(outputs, target)

        return relevance_values(explainable, method, inputs, score, weighed)

    return lambda inputs: Relevance(values_of(inputs).numpy(), chosen, weighed)
