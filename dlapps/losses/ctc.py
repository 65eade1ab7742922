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
    logits = tf.cast(logits, tf.float32)
    # It takes no row without a label: there, blanks all along are the one alignment.
    padded = tf.pad(tf.maximum(tf.cast(labels, tf.int32), 0), [[0, 0], [0, 1]])
    sparse = tf.RaggedTensor.from_tensor(padded, tf.maximum(num_labels, 1)).to_sparse()
    losses = tf.nn.ctc_loss(
        sparse,
        logits,
        None,
        tf.cast(num_frames, tf.int32),
        logits_time_major=False,
        blank_index=-1,
    )
    blanks = tf.nn.log_softmax(logits)[..., -1]
    is_own = tf.sequence_mask(num_frames, tf.shape(logits)[1])
    silence = -tf.reduce_sum(tf.where(is_own, blanks, 0.0), axis=1)
    return tf.where(num_labels == 0, silence, losses)


def fewest_frames(labels: tf.Tensor, num_labels: tf.Tensor) -> tf.Tensor:
    """How many frames [N] labels take: one each, and a blank between two that are alike."""
    place = tf.range(1, tf.shape(labels, num_labels.dtype)[1])
    repeats = (labels[:, 1:] == labels[:, :-1]) & (place < num_labels[:, None])
    return num_labels + tf.math.count_nonzero(repeats, axis=1, dtype=num_labels.dtype)
