"""How often a classifier of images is right while they are attacked."""

import functools
from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure

from dlapps.data.batches import Columns, in_order
from dlapps.data.splits import Examples, carve
from dlapps.explain.architecture.table import layer_table, totals_of
from dlapps.explain.figures.adversarial import LEVELS, Changed, robustness_figure
from dlapps.explain.methods.adversarial_examples import (
    Attack,
    fast_gradient_sign,
    projected_gradient_descent,
)
from dlapps.models.classifier import classify
from dlapps.progress import progress

STEPS = 10
ATTACKS: dict[str, Attack] = {
    "FGSM, one step": fast_gradient_sign,
    f"PGD, {STEPS} steps": functools.partial(projected_gradient_descent, steps=STEPS),
}
EPSILONS = np.array([0, 2, 4, 8, 16, 32, 64], np.float32) / LEVELS
IMAGE_BOUNDS = (0.0, 1.0)
MOST_EXAMPLES, BATCH_SIZE, MOST_SHOWN = 512, 128, 6
PASSES = (len(EPSILONS) - 1) * (3 * (1 + STEPS) + len(ATTACKS))
"""Of each example through the network; a gradient counts as three."""
AFFORDED = 15_000_000_000
"""Multiply-adds: some four seconds of one core for a small network."""
FEWEST = 32

Attacked = Callable[..., tuple[tf.Tensor, tf.Tensor]]


def adversarial_picture(
    model: keras.Function,
    examples: Examples,
    prepare: Callable[[Columns], tuple[tf.Tensor, tf.Tensor]],
    class_names: Sequence[str],
) -> Figure | None:
    """Accuracy over epsilon by each attack, and images that were changed; None: too costly.

    `examples` are those of a split of images, of which as many are attacked as can be afforded;
    `prepare` makes images [N, H, W, C] in 0..1 and labels [N] of their columns.
    """
    cost = totals_of(layer_table(model)).multiply_adds
    affordable = 0 if cost is None else AFFORDED // max(PASSES * cost, 1)
    if affordable < FEWEST:
        return None
    count = min(affordable, MOST_EXAMPLES, len(examples))
    _, chosen = carve(examples, count)
    batches = [(x, tf.cast(y, tf.int32)) for x, y in in_order(chosen, BATCH_SIZE, prepare)]
    labels = np.concatenate([y for _, y in batches])
    unmoved = np.concatenate([classify(model, x).numpy().argmax(axis=1) for x, _ in batches])
    accuracies = {}
    for name, attack in ATTACKS.items():
        attacked = _compiled(model, attack)
        answers = [unmoved] + [
            np.concatenate([attacked(x, y, epsilon)[1] for x, y in batches])
            for epsilon in progress(EPSILONS[1:], name)
        ]
        accuracies[name] = np.mean(np.stack(answers) == labels, axis=1)
    # By the last attack, which is the strongest.
    x, y = batches[0]
    changed = _changed(attacked, x, y, np.stack(answers), class_names)
    title = f"Accuracy under attack, on {count:,} of {len(examples):,} test examples"
    if count < min(MOST_EXAMPLES, len(examples)):
        title += "\n(the larger the network, the fewer)"
    return robustness_figure(title, EPSILONS, accuracies, 1 / len(class_names), changed)


def _compiled(model: keras.Model, attack: Attack) -> Attacked:
    """From images, labels and epsilon to what an attack makes of the images, and the answers."""

    signature = [
        tf.TensorSpec(model.inputs[0].shape, tf.float32),
        tf.TensorSpec([None], tf.int32),
        tf.TensorSpec([], tf.float32),
    ]

    # Traced once, for batches of any size.
    @tf.function(autograph=False, input_signature=signature)
    def attacked(x: tf.Tensor, labels: tf.Tensor, epsilon: tf.Tensor):
        moved = attack(model, x, labels, epsilon, bounds=IMAGE_BOUNDS)
        return moved, tf.argmax(model(moved, training=False), axis=-1)

    return attacked


def _changed(
    attacked: Attacked, x: tf.Tensor, labels: tf.Tensor, answers: np.ndarray, names: Sequence[str]
) -> Changed | None:
    """Some of the images x that were answered right, and are not where half of them no longer are.

    `answers` are those at all epsilons, [E, N or more].
    """
    is_right = answers[:, : len(labels)] == labels.numpy()
    is_halved = is_right.mean(axis=1) <= is_right[0].mean() / 2
    level = int(is_halved.argmax()) or len(EPSILONS) - 1
    rows = np.flatnonzero(is_right[0] & ~is_right[level])[:MOST_SHOWN]
    if not len(rows):
        return None
    # The same batch again: the same random start.
    moved, _ = attacked(x, labels, EPSILONS[level])
    return Changed(
        x.numpy()[rows],
        moved.numpy()[rows],
        [names[answer] for answer in answers[0, rows]],
        [names[answer] for answer in answers[level, rows]],
        float(EPSILONS[level]),
    )
