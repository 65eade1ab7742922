"""Connectionist temporal classification (Graves, Fernández, Gomez, Schmidhuber 2006): the
likelihood of labels whose places in time nobody knows."""

import tensorflow as tf


def ctc_loss(
    labels: tf.Tensor, logits: tf.Tensor, num_labels: tf.Tensor, num_frames: tf.Tensor
) -> tf.Tensor:
    """Minus the log-probability [N] of the labels, summed over all alignments with the frames.

    labels: int [N, U], of which the first `num_labels` [N] count. logits: [N, T, V + 1], of whose
    frames the first `num_frames` [N] count; the last of a frame is the blank. Labels that the
    frames are too few for (see `fewest_frames`) are an InvalidArgumentError.
    """
    # Of labels without padding TensorFlow has a kernel, in a fifth of the time of the loops that it
    # builds for padded ones, as keras.ops.ctc_loss hands it.
    sparse = tf.RaggedTensor.from_tensor(tf.cast(labels, tf.int32), num_labels).to_sparse()
    return tf.nn.ctc_loss(
        sparse,
        tf.cast(logits, tf.float32),
        None,
        tf.cast(num_frames, tf.int32),
        logits_time_major=False,
        blank_index=-1,
    )


def fewest_frames(labels: tf.Tensor, num_labels: tf.Tensor) -> tf.Tensor:
    """How many frames [N] labels take: one each, and a blank between two that are alike."""
    place = tf.range(1, tf.shape(labels)[1])
    repeats = (labels[:, 1:] == labels[:, :-1]) & (place < num_labels[:, None])
    return num_labels + tf.math.count_nonzero(repeats, axis=1, dtype=num_labels.dtype)
