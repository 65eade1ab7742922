"""What frames say where nobody knows how many of them a label takes: the labels of the likeliest
path, or the likeliest that a beam of prefixes finds (Hannun, Maas, Jurafsky, Ng 2014, "First-pass
large vocabulary continuous speech recognition using bi-directional recurrent DNNs")."""

from typing import NamedTuple

import tensorflow as tf

from dlapps.decoding.ngram import Ngram

IMPOSSIBLE = -1e9
"""A log-probability; minus infinity from itself would be no number."""
NOTHING = -1
"""In place of a label, where there is none."""
HASH_FACTOR = 0x5DEECE66D


def best_path(log_probabilities: tf.Tensor, num_frames: tf.Tensor) -> tf.Tensor:
    """The labels int32 [N, 1, L] of the likeliest path, without its repeats and blanks.

    log_probabilities: [N, T, V + 1], of which the first `num_frames` [N] count and the last of a
    frame is the blank. Rows are filled up with NOTHING.
    """
    blank = log_probabilities.shape[-1] - 1
    path = tf.argmax(log_probabilities, axis=-1, output_type=tf.int32)
    path = tf.where(tf.sequence_mask(num_frames, tf.shape(path)[1]), path, blank)
    before = tf.pad(path[:, :-1], [[0, 0], [1, 0]], constant_values=blank)
    return _together(tf.where(path == before, blank, path), blank)[:, None]


class _Prefixes(NamedTuple):
    """K prefixes of labels for each of N recordings, after some frames: tensors [N, K]."""

    ends_in_blank: tf.Tensor
    """The log-probability of all paths for the prefix that end in a blank."""
    ends_in_label: tf.Tensor
    """That of those which end in its last label."""
    last: tf.Tensor
    """The last label; the blank where there is none."""
    hashes: tf.Tensor
    """A number that prefixes which are equal have in common."""
    parent_hashes: tf.Tensor
    """That of the prefix without its last label."""
    context: tf.Tensor
    """What the n-gram knows of the prefix."""
    language: tf.Tensor
    """What the n-gram and the bonus add to the prefix."""

    @property
    def sound(self) -> tf.Tensor:
        """The log-probability of all paths."""
        return _log_add(self.ends_in_blank, self.ends_in_label)


def prefix_beam_search(
    log_probabilities: tf.Tensor,
    num_frames: tf.Tensor,
    *,
    beam_width: int,
    ngram: Ngram | None = None,
    ngram_weight: float = 0.0,
    label_bonus: float = 0.0,
) -> tf.Tensor:
    """The labels int32 [N, beam_width, L] of the best prefixes, the best first.

    Where there are fewer, rows without a label follow. Log-probabilities, frames and labels are as
    in `best_path`. Prefixes are ranked by the log-probability of all their paths, plus
    `ngram_weight` times that of the n-gram, plus `label_bonus` for each label.
    """
    size, length = tf.unstack(tf.shape(log_probabilities)[:2])
    blank = log_probabilities.shape[-1] - 1
    tables = Ngram.indifferent(blank) if ngram is None else ngram
    # A frame beyond the last is a certain blank, after which all is as it was.
    certain = tf.one_hot(blank, blank + 1, 0.0, IMPOSSIBLE)
    is_own = tf.sequence_mask(num_frames, length)[..., None]
    frames = tf.transpose(tf.where(is_own, log_probabilities, certain), [1, 0, 2])

    def advance(time, prefixes, parents, labels):
        prefixes, parent, label = _advanced(
            prefixes, frames[time], tables, ngram_weight, label_bonus
        )
        return time + 1, prefixes, parents.write(time, parent), labels.write(time, label)

    arrays = [tf.TensorArray(tf.int32, length, element_shape=[None, beam_width]) for _ in range(2)]
    each = tf.TensorShape([None, beam_width])
    _, prefixes, parents, labels = tf.while_loop(
        lambda time, *_: time < length,
        advance,
        (0, _first(size, beam_width, blank, tables.start), *arrays),
        shape_invariants=(tf.TensorShape([]), _Prefixes(*[each] * 7), None, None),
    )
    ends = tf.gather(tables.log_probabilities[:, blank], prefixes.context)
    _, order = tf.math.top_k(prefixes.sound + prefixes.language + ngram_weight * ends, beam_width)
    found = _traced(order, parents.stack(), labels.stack())
    is_possible = tf.gather(prefixes.sound, order, batch_dims=1) > IMPOSSIBLE / 2
    found = tf.where(is_possible[..., None], found, NOTHING)
    together = _together(tf.reshape(found, [size * beam_width, length]), NOTHING)
    return tf.reshape(together, [size, beam_width, tf.shape(together)[1]])


def _first(size: tf.Tensor, width: int, blank: int, context: int) -> _Prefixes:
    """Nothing said yet; all but one prefix are impossible, or the beam would hold copies of it."""
    shape = [size, width]
    number = tf.broadcast_to(tf.range(width, dtype=tf.int64), shape)
    return _Prefixes(
        ends_in_blank=tf.one_hot(tf.zeros([size], tf.int32), width, 0.0, IMPOSSIBLE),
        ends_in_label=tf.fill(shape, IMPOSSIBLE),
        last=tf.fill(shape, blank),
        hashes=-1 - number,
        parent_hashes=-1 - width - number,
        context=tf.fill(shape, context),
        language=tf.zeros(shape),
    )


def _advanced(
    prefixes: _Prefixes, frame: tf.Tensor, ngram: Ngram, ngram_weight: float, label_bonus: float
) -> tuple[_Prefixes, tf.Tensor, tf.Tensor]:
    """The best prefixes after a frame [N, V + 1]; of each the number of the one that it was before,
    and the label that it gained."""
    size, width = tf.unstack(tf.shape(prefixes.last))
    blank = frame.shape[-1] - 1
    last = tf.one_hot(prefixes.last, blank)
    ends_in_blank = prefixes.sound + frame[:, blank:]
    ends_in_label = prefixes.ends_in_label + tf.gather(frame, prefixes.last, batch_dims=1)
    # The label said last is said again only after a blank; else it is still the same.
    before = tf.where(last > 0, prefixes.ends_in_blank[..., None], prefixes.sound[..., None])
    longer = before + frame[:, None, :blank]
    # A prefix that grows into another of the beam is that other.
    is_parent = prefixes.hashes[:, :, None] == prefixes.parent_hashes[:, None, :]
    grown = tf.einsum("nkv,njv->nkj", longer, last)
    grown = tf.reduce_max(tf.where(is_parent, grown, IMPOSSIBLE), axis=1)
    ends_in_label = _log_add(ends_in_label, grown)
    is_other = tf.einsum("nkj,njv->nkv", tf.cast(is_parent, tf.float32), last) > 0
    longer = tf.where(is_other, IMPOSSIBLE, longer)

    gains = ngram_weight * tf.gather(ngram.log_probabilities, prefixes.context)[..., :blank]
    language = prefixes.language[..., None] + gains + label_bonus
    as_is = _log_add(ends_in_blank, ends_in_label) + prefixes.language
    ranks = tf.concat([as_is, tf.reshape(longer + language, [size, width * blank])], axis=1)
    _, chosen = tf.math.top_k(ranks, prefixes.last.shape[1])
    is_longer = chosen >= width
    place = tf.maximum(chosen - width, 0)
    parent = tf.where(is_longer, place // blank, chosen)
    label = tf.where(is_longer, place % blank, NOTHING)

    def either(grew: tf.Tensor, stayed: tf.Tensor) -> tf.Tensor:
        """[N, K]: of those that grew, from `grew` [N, K, V]; of the others, from [N, K]."""
        grew = tf.gather(tf.reshape(grew, [size, width * blank]), place, batch_dims=1)
        return tf.where(is_longer, grew, tf.gather(stayed, parent, batch_dims=1))

    hashes = tf.gather(prefixes.hashes, parent, batch_dims=1)
    grown_hashes = hashes * HASH_FACTOR + tf.cast(label, tf.int64) + 1
    old_parents = tf.gather(prefixes.parent_hashes, parent, batch_dims=1)
    after = _Prefixes(
        ends_in_blank=either(tf.fill(tf.shape(longer), IMPOSSIBLE), ends_in_blank),
        ends_in_label=either(longer, ends_in_label),
        last=tf.where(is_longer, label, tf.gather(prefixes.last, parent, batch_dims=1)),
        hashes=tf.where(is_longer, grown_hashes, hashes),
        parent_hashes=tf.where(is_longer, hashes, old_parents),
        context=either(tf.gather(ngram.following, prefixes.context), prefixes.context),
        language=either(language, prefixes.language),
    )
    return after, parent, label


def _traced(order: tf.Tensor, parents: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """What prefixes [N, K] gained at each frame, int32 [N, K, T], found from the last on back."""
    length = tf.shape(parents)[0]

    def back(time, place, gained):
        label = tf.gather(labels[time], place, batch_dims=1)
        place = tf.gather(parents[time], place, batch_dims=1)
        return time - 1, place, gained.write(time, label)

    gained = tf.TensorArray(tf.int32, length, element_shape=order.shape)
    *_, gained = tf.while_loop(lambda time, *_: time >= 0, back, (length - 1, order, gained))
    return tf.transpose(gained.stack(), [1, 2, 0])


def _together(labels: tf.Tensor, left_out: int) -> tf.Tensor:
    """The labels int32 [N, T] without those that are `left_out`, filled up with NOTHING."""
    return tf.ragged.boolean_mask(labels, labels != left_out).to_tensor(NOTHING)


def _log_add(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """log(exp a + exp b)."""
    return tf.maximum(a, b) + tf.math.softplus(-tf.abs(a - b))
