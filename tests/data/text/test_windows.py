"""Windows of a text: readers go on where they were; any batch can be made without the others."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from dlapps.data.text.windows import TextWindows
from dlapps.errors import UsageError

TEXT = np.arange(100, dtype=np.int32)


def batches(step, count, seed=0):
    windows = TextWindows(TEXT, rows=3, length=5, seed=seed, carried={})
    taken = itertools.islice(windows.from_step(step), count)
    return [tuple(part.numpy() for part in batch) for batch in taken]


def test_each_reader_goes_on_where_the_last_window_ended():
    epoch = batches(0, 6)
    for tokens, following, _ in epoch:
        np.testing.assert_array_equal(following, (tokens + 1) % 100)
    for (before, *_), (after, *_) in itertools.pairwise(epoch):
        np.testing.assert_array_equal(after[:, 0], (before[:, -1] + 1) % 100)
    assert [bool(begins.all()) for *_, begins in epoch] == [True] + 5 * [False]
    np.testing.assert_array_equal(np.diff(epoch[0][0][:, 0]) % 100, [33, 33])


def test_another_epoch_begins_elsewhere_and_so_does_another_seed():
    first, second = batches(0, 1)[0], batches(6, 1)[0]
    assert second[2].all()
    assert first[0][0, 0] != second[0][0, 0]
    assert first[0][0, 0] != batches(0, 1, seed=1)[0][0][0, 0]


def test_a_batch_is_the_same_from_whichever_step_on():
    for one, other in zip(batches(0, 9)[5:], batches(5, 4), strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_what_is_carried_is_saved_and_restored(tmp_path):
    carried = {"state": tf.Variable(tf.ones([3, 2]))}
    windows = TextWindows(TEXT, 3, 5, 0, carried)
    windows.save(tmp_path)
    carried["state"].assign(tf.zeros([3, 2]))
    windows.restore(tmp_path)
    np.testing.assert_array_equal(carried["state"], np.ones([3, 2]))


def test_a_text_shorter_than_a_batch_is_refused():
    with pytest.raises(UsageError, match=r"100 tokens.*data\.batch_size.*data\.truncation"):
        TextWindows(TEXT, rows=3, length=34, seed=0, carried={})
    with pytest.raises(UsageError, match="one device"):
        TextWindows(TEXT, 3, 5, 0, {}).from_step(0, num_replicas=2)
