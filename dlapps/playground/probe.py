"""What is seen of a network of points while it learns: its neurons, weights, losses, gradients."""

import base64
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlapps.applications.classification.pictures import hidden_outputs, plane_around
from dlapps.applications.classification.text_data import ClassifierExamples
from dlapps.training.averages import averaged_weights
from dlapps.training.diagnostics import diagnostics_of
from dlapps.training.stage import Stage

CORNERS = np.array([[-6.0, -6.0], [6.0, 6.0]])
PLANE = plane_around(CORNERS, 81)
"""The part of the plane that is drawn, from its lowest row upward."""
NEURON_PLANE = plane_around(CORNERS, 41)
SPLITS = ("train", "validation")
SHOWN_OF_LAYERS = ("gradient_norm", "saturated", "dead")


class Probe:
    """Looks at the model of a stage without changing it."""

    def __init__(self, stage: Stage, data: ClassifierExamples):
        self.model = stage.model
        hidden = hidden_outputs(self.model)
        # The layers are the model's own; only the outputs are more.
        outputs = {**hidden, "logits": self.model.outputs[0]}
        self.network = keras.Model(self.model.inputs, outputs)
        self.layers = [self.model.get_layer(name) for name in outputs]
        splits = [data[name].columns for name in SPLITS]
        self.labels = [columns["label"] for columns in splits]
        self.points = [PLANE.grid, NEURON_PLANE.grid, *(columns["point"] for columns in splits)]
        self.diagnostics = diagnostics_of(stage)
        self._measure = tf.function(self._measured)

    def look(self) -> dict[str, Any]:
        """All that the page draws, as arrays and numbers.

        `regions` and `neurons` are planes of bytes in base64, in rows from the lowest upward:
        the probability of class 1, from 0 to 255; what leaves a neuron, where 128 is zero and the
        value farthest from it is 1 or 255.
        """
        with averaged_weights(self.model):
            measured = self._measure()
            weights = [[v.numpy() for v in layer.weights] for layer in self.layers]
        planes = {name: output.numpy().T for name, output in measured["neurons"].items()}
        return {
            "regions": _as_text(measured["probability"].numpy() * 255),
            "layers": [
                {
                    "name": layer.name,
                    "neurons": [_neuron(plane) for plane in planes[layer.name]],
                    "kernel": kernel,
                    "bias": bias,
                }
                for layer, (kernel, bias) in zip(self.layers, weights, strict=True)
            ],
            "diagnostics": self._diagnosed(),
            **{name: float(value) for name, value in measured["scores"].items()},
        }

    def _measured(self) -> dict[str, Any]:
        sizes = [len(points) for points in self.points]
        outputs = self.network([tf.concat(self.points, axis=0)], training=False)
        on_plane, _, *on_splits = tf.split(outputs["logits"], sizes)
        scores = {}
        for name, labels, answers in zip(SPLITS, self.labels, on_splits, strict=True):
            scores[f"{name}_loss"] = self.model.loss(labels, answers) + sum(self.model.losses)
            right = tf.equal(tf.argmax(answers, axis=1, output_type=tf.int32), labels)
            scores[f"{name}_accuracy"] = tf.reduce_mean(tf.cast(right, tf.float32))
        return {
            "probability": tf.nn.softmax(on_plane)[:, 1],
            "neurons": {name: tf.split(output, sizes)[1] for name, output in outputs.items()},
            "scores": scores,
        }

    def _diagnosed(self) -> list[dict[str, float]]:
        """Of each layer, what of `SHOWN_OF_LAYERS` there is."""
        found: dict[str, dict[str, float]] = {layer.name: {} for layer in self.layers}
        for layer, quantity, value in self.diagnostics.measure() if self.diagnostics else ():
            if quantity in SHOWN_OF_LAYERS:
                found[layer][quantity] = value
        return list(found.values())


def _neuron(plane: np.ndarray) -> str:
    finite = np.nan_to_num(plane)
    return _as_text(128 + 127 * (finite / max(float(np.abs(finite).max()), 1e-6)))


def _as_text(values: np.ndarray) -> str:
    return base64.b64encode(np.nan_to_num(values).round().astype(np.uint8).tobytes()).decode()
