"""Layer-wise relevance propagation (Bach et al. 2015, "On pixel-wise explanations for non-linear
classifier decisions by layer-wise relevance propagation")."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import layers

from dlapps.explain.methods.gradients import Score
from dlapps.explain.methods.replay import parts_of, replayed

SMALLEST = 1e-6
"""By how much what is divided by is moved away from 0, if by as little as may be."""

HANDING_ON = (
    layers.BatchNormalization, layers.LayerNormalization, layers.GroupNormalization,
    layers.Normalization, layers.Rescaling,
)  # fmt: skip
"""Layers that give a number for each of theirs, and hand its relevance on."""

Rule = Callable[[keras.Operation, Callable[..., Any]], Callable[..., Any]]
"""From an operation and what it does before its activation to the same with a gradient of its own:
given relevance where a slope is expected, it gives relevance."""


def lrp_epsilon(
    network: keras.Function,
    inputs: Sequence[tf.Tensor],
    score: Score,
    *,
    epsilon: float = 0.1,
) -> tf.Tensor:
    """What of the score [N] comes from each number of the first input; signed, in its shape.

    From the outputs back, each unit shares its relevance among its inputs by what each added to
    it. Together the numbers are the score, but for what biases added, which is theirs, and for
    what is lost where the inputs of a unit cancel out: else they would get shares without bound.
    `epsilon` times the root mean square of a layer is added to what each of its units is divided
    by; the smaller, the less is lost. Activations and normalizations hand on
    what they get; what else is not linear (recurrence, attention) shares to first order only.
    """
    return _propagated(network, inputs, score, lambda _, linear: _by_addition(linear, epsilon))


def lrp_alpha_beta(
    network: keras.Function,
    inputs: Sequence[tf.Tensor],
    score: Score,
    *,
    alpha: float = 2.0,
) -> tf.Tensor:
    """As `lrp_epsilon`, with what spoke for a unit and what spoke against it kept apart.

    Dense layers and convolutions give `alpha` of their relevance to the inputs that raised a unit
    and take `alpha` - 1 of it, called beta, from those that lowered it. Where only one of the two
    is there, it gets all; biases get nothing, so that all of the score arrives.
    """

    def rule(operation: keras.Operation, linear: Callable[..., Any]) -> Callable[..., Any]:
        without_bias = _without_bias(operation)
        if without_bias is None:
            return _by_addition(linear, 0.0)
        return _by_sign(linear, without_bias, tf.convert_to_tensor(operation.kernel), alpha)

    return _propagated(network, inputs, score, rule)


def _propagated(
    network: keras.Function, inputs: Sequence[tf.Tensor], score: Score, rule: Rule
) -> tf.Tensor:
    def relevant(operation: keras.Operation) -> Callable[..., Any]:
        linear, activation = parts_of(operation)
        if isinstance(operation, HANDING_ON):
            return _handing_on(operation)
        shared = linear if linear is keras.activations.linear else rule(operation, linear)
        if activation is keras.activations.linear:
            return shared
        return lambda *positional, **named: _handing_on(activation)(shared(*positional, **named))

    explained = tf.cast(inputs[0], tf.float32)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(explained)
        outputs = replayed(network, [explained, *inputs[1:]], relevant)
    with tf.GradientTape(watch_accessed_variables=False) as scoring:
        scoring.watch(outputs)
        scores = score(outputs)
    relevance = outputs * scoring.gradient(scores, outputs)
    return tape.gradient(outputs, explained, output_gradients=relevance)


def _handing_on(operation: Callable[..., Any]) -> Callable[..., Any]:
    """The same from x to something in its shape, whose relevance is that of x."""
    return lambda x, **named: x + tf.stop_gradient(operation(x, **named) - x)


def _by_addition(linear: Callable[..., Any], epsilon: float) -> Callable[..., Any]:
    """Relevance is shared by what each input added to each output."""

    def called(*positional, **named):
        tensors = keras.tree.flatten(positional)
        numbers = [
            index
            for index, each in enumerate(tensors)
            if tf.is_tensor(each) and each.dtype.is_floating
        ]

        @tf.custom_gradient
        def shared(*received: tf.Tensor):
            given = [tf.identity(each) for each in received]  # One may be there twice.
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(given)
                outputs = outputs_of(given)

            def backward(*relevance: tf.Tensor, variables: Sequence[tf.Variable] = ()):
                shares = [
                    each / _away_from_0(output, epsilon * _size_of(output) + SMALLEST)
                    for each, output in zip(relevance, outputs, strict=True)
                ]
                slopes = tape.gradient(outputs, given, shares, tf.UnconnectedGradients.ZERO)
                found = [each * slope for each, slope in zip(given, slopes, strict=True)]
                return (found, [None] * len(variables)) if variables else found

            return outputs, backward

        def outputs_of(given: Sequence[tf.Tensor]) -> list[tf.Tensor]:
            replaced = dict(zip(numbers, given, strict=True))
            all_given = [replaced.get(index, each) for index, each in enumerate(tensors)]
            outputs = linear(*keras.tree.pack_sequence_as(positional, all_given), **named)
            return keras.tree.flatten(outputs)

        outputs = shared(*(tensors[index] for index in numbers))
        return outputs if len(outputs) > 1 else outputs[0]

    return called


def _by_sign(
    linear: Callable[..., Any],
    without_bias: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    kernel: tf.Tensor,
    alpha: float,
) -> Callable[..., Any]:
    """Relevance is shared by what raised each output, and by what lowered it."""
    raising, lowering = tf.nn.relu(kernel), -tf.nn.relu(-kernel)

    @tf.custom_gradient
    def shared(x: tf.Tensor):
        positive, negative = tf.nn.relu(x), -tf.nn.relu(-x)
        with tf.GradientTape(watch_accessed_variables=False, persistent=True) as tape:
            tape.watch((positive, negative))
            raised = without_bias(positive, raising) + without_bias(negative, lowering)
            lowered = without_bias(positive, lowering) + without_bias(negative, raising)

        def backward(relevance: tf.Tensor, variables: Sequence[tf.Variable] = ()):
            has_both = tf.logical_and(raised > 0, lowered < 0)
            share_of_raised = tf.where(has_both, alpha, 1.0) * relevance
            share_of_lowered = tf.where(has_both, 1.0 - alpha, 1.0) * relevance
            found = tf.zeros_like(x)
            for total, share in ((raised, share_of_raised), (lowered, share_of_lowered)):
                shares = tf.math.divide_no_nan(share, total)
                slopes = tape.gradient(total, (positive, negative), output_gradients=shares)
                found += positive * slopes[0] + negative * slopes[1]
            return (found, [None] * len(variables)) if variables else found

        return linear(x), backward

    return shared


def _size_of(x: tf.Tensor) -> tf.Tensor:
    """The root mean square of each row, [N, 1, ...]."""
    return tf.sqrt(tf.reduce_mean(x**2, axis=[*range(1, len(x.shape))], keepdims=True))


def _away_from_0(x: tf.Tensor, epsilon: tf.Tensor) -> tf.Tensor:
    return x + tf.where(x < 0, -epsilon, epsilon)


def _without_bias(
    operation: keras.Operation,
) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor] | None:
    """From inputs and a kernel to what a layer makes of them; None for what has no kernel."""
    if isinstance(operation, layers.Dense):
        return keras.ops.matmul
    if isinstance(operation, layers.Conv2D):
        return operation.convolution_op
    if isinstance(operation, layers.DepthwiseConv2D):
        return lambda x, kernel: keras.ops.depthwise_conv(
            x, kernel, operation.strides, operation.padding, operation.data_format,
            operation.dilation_rate,
        )  # fmt: skip
    return None
