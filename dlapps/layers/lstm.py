"""An LSTM (Hochreiter, Schmidhuber 1997) that is trained by few large matrix products."""

import keras
import tensorflow as tf
from keras import activations


@keras.saving.register_keras_serializable("dlapps")
class LSTM(keras.layers.LSTM):
    """Keras' layer, with the same weights and answers, faster in training on a CPU.

    Keras multiplies by every weight at every step and has TensorFlow derive the gradient of each.
    Here the inputs of all steps are multiplied at once, as are the weights' gradients after the
    last; the two loops, forth and back, hold the product with the state alone. In float32, XLA
    compiles them. Under a mixed policy all products are in the small format, which TensorFlow's own
    kernels multiply faster than XLA's do on a CPU, and what is between them is float32.
    Where sequences differ in length from batch to batch, XLA compiles once for each length: let
    there be few. With masks, dropout inside the layer or other activations it is Keras' own.
    """

    def inner_loop(self, sequences, initial_state, mask, training=False):
        is_plain = (
            self.cell.activation is activations.tanh
            and self.cell.recurrent_activation is activations.sigmoid
            and not (self.dropout or self.recurrent_dropout or self.stateful or self.unroll)
        )
        is_known = None not in (sequences.shape[0], sequences.shape[2])
        if not training or mask is not None or not is_known or not is_plain:
            return super().inner_loop(sequences, initial_state, mask, training)
        inputs = tf.transpose(sequences, [1, 0, 2])
        if self.go_backwards:
            inputs = tf.reverse(inputs, [0])
        weights = (self.cell.kernel, self.cell.recurrent_kernel, self.cell.bias)
        kernel, recurrent, bias = (tf.convert_to_tensor(weight.value) for weight in weights)
        outputs, carries = _recurrence(inputs, kernel, recurrent, bias, *initial_state)
        last = [outputs[-1], carries[-1]]
        sequence = tf.transpose(outputs, [1, 0, 2])
        return last[0], sequence if self.return_sequences else last[0][:, None], last


@tf.custom_gradient
def _recurrence(inputs, kernel, recurrent, bias, state, carry):
    """The states and carries [T, N, U] after each step on inputs [T, N, D], in their dtype."""
    batch, size = inputs.shape[1:]
    units = recurrent.shape[0]
    small, rows = inputs.dtype, tf.reshape(inputs, [-1, size])
    state, carry = tf.cast(state, tf.float32), tf.cast(carry, tf.float32)
    products = tf.cast(rows @ kernel + bias, tf.float32)
    products = tf.reshape(products, [-1, batch, 4 * units])
    forth, back = LOOPS[small == tf.float32]
    states, carries, gates = forth(products, recurrent, state, carry)

    def gradient(states_slope, carries_slope):
        slopes, state_slope, carry_slope = back(
            tf.cast(states_slope, tf.float32),
            tf.cast(carries_slope, tf.float32),
            tf.concat([carry[None], carries], 0),
            gates,
            recurrent,
        )
        slopes = tf.cast(tf.reshape(slopes, [-1, 4 * units]), small)
        before = tf.concat([state[None], states[:-1]], 0)
        before = tf.cast(tf.reshape(before, [-1, units]), small)
        return (
            tf.reshape(tf.matmul(slopes, kernel, transpose_b=True), [-1, batch, size]),
            tf.matmul(rows, slopes, transpose_a=True),
            tf.matmul(before, slopes, transpose_a=True),
            tf.cast(tf.reduce_sum(tf.cast(slopes, tf.float32), 0), small),
            tf.cast(state_slope, small),
            tf.cast(carry_slope, small),
        )

    return (tf.cast(states, small), tf.cast(carries, small)), gradient


def _forth(products, recurrent, state, carry):
    """States, carries [T, N, U] and the gates [T, N, 4 U] after each step, all float32."""
    length = tf.shape(products)[0]
    sequence = tf.TensorArray(tf.float32, length).unstack(products)
    shapes = (state.shape, state.shape, products.shape[1:])
    arrays = tuple(tf.TensorArray(tf.float32, length, element_shape=shape) for shape in shapes)

    def step(position, state, carry, arrays):
        net = sequence.read(position) + _product(state, recurrent)
        put_in, keep, new, put_out = tf.split(net, 4, axis=1)
        put_in, keep, put_out = tf.sigmoid(put_in), tf.sigmoid(keep), tf.sigmoid(put_out)
        new = tf.tanh(new)
        carry = keep * carry + put_in * new
        state = put_out * tf.tanh(carry)
        values = (state, carry, tf.concat([put_in, keep, new, put_out], 1))
        written = (array.write(position, value) for array, value in zip(arrays, values))
        return position + 1, state, carry, tuple(written)

    *_, arrays = tf.while_loop(
        lambda position, *_: position < length, step, (0, state, carry, arrays)
    )
    return tuple(array.stack() for array in arrays)


def _back(states_slope, carries_slope, carries, gates, recurrent):
    """The slopes of the net inputs [T, N, 4 U], and of the first state and carry [N, U].

    `carries` [T + 1, N, U] begin with that before the first step.
    """
    length = tf.shape(gates)[0]
    bent = tf.tanh(carries[1:])
    read = [
        tf.TensorArray(tf.float32, length).unstack(x)
        for x in (states_slope, carries_slope, carries[:-1], bent, gates)
    ]
    slopes = tf.TensorArray(tf.float32, length, element_shape=gates.shape[1:])

    def step(position, state_slope, carry_slope, slopes):
        state_more, carry_more, before, bent, gate = (array.read(position) for array in read)
        put_in, keep, new, put_out = tf.split(gate, 4, axis=1)
        state_slope += state_more
        carry_slope += carry_more + state_slope * put_out * (1 - bent * bent)
        net_slopes = tf.concat(
            [
                carry_slope * new * put_in * (1 - put_in),
                carry_slope * before * keep * (1 - keep),
                carry_slope * put_in * (1 - new * new),
                state_slope * bent * put_out * (1 - put_out),
            ],
            1,
        )
        state_slope = _product(net_slopes, recurrent, transpose_b=True)
        return position - 1, state_slope, carry_slope * keep, slopes.write(position, net_slopes)

    nothing = tf.zeros_like(carries[0])
    _, state_slope, carry_slope, slopes = tf.while_loop(
        lambda position, *_: position >= 0, step, (length - 1, nothing, nothing, slopes)
    )
    return slopes.stack(), state_slope, carry_slope


def _product(rows, recurrent, transpose_b=False):
    """float32 rows times the weights, multiplied in the weights' format."""
    small = tf.cast(rows, recurrent.dtype)
    return tf.cast(tf.matmul(small, recurrent, transpose_b=transpose_b), tf.float32)


LOOPS = {
    compiled: tuple(
        tf.function(loop, jit_compile=compiled, autograph=False) for loop in (_forth, _back)
    )
    for compiled in (True, False)
}
"""The two loops, as XLA compiles them and as they are."""
