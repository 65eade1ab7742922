"""Batches are a function of the step: any can be computed alone, and workers share each of them."""

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from dlapps.data.batches import ShuffledBatches, in_order, uniform_draws
from dlapps.data.splits import Examples, carve
from dlapps.errors import UsageError


def numbers(count: int) -> Examples:
    return Examples({"number": np.arange(count)})


def stream(examples: Examples, **options) -> ShuffledBatches:
    values = {"batch_size": 4, "seed": 0} | options
    return ShuffledBatches(examples, transform=lambda columns, draws: columns["number"], **values)


def take(batches: ShuffledBatches, count: int, step: int = 0, **worker) -> list[list[int]]:
    return [batch.numpy().tolist() for batch in batches.from_step(step, **worker).take(count)]


def test_every_example_comes_once_an_epoch_in_an_order_of_its_own():
    seen = np.concatenate(take(stream(numbers(10)), 5))
    first, second = seen[:10], seen[10:]
    assert sorted(first) == sorted(second) == list(range(10))
    assert first.tolist() != second.tolist()
    assert first.tolist() != list(range(10))


@pytest.mark.parametrize("size", [100, 1257, 20_000])
def test_the_order_is_as_mixed_as_a_drawn_permutation(size):
    """Guards against a keyed shuffle of few rounds, which leaves classes in long stretches."""
    for seed in range(3):
        (order,) = take(stream(numbers(size), batch_size=size, seed=seed), 1)
        drawn = np.random.default_rng(seed).permutation(size)
        assert abs(np.corrcoef(order, np.arange(size))[0, 1]) < 4 / np.sqrt(size)
        jumps, drawn_jumps = (np.abs(np.diff(numbers)) / size for numbers in (order, drawn))
        assert jumps.mean() == pytest.approx(drawn_jumps.mean(), abs=1.5 / np.sqrt(size))


def test_batches_run_on_across_the_border_of_an_epoch():
    assert [len(batch) for batch in take(stream(numbers(10)), 6)] == [4] * 6


@pytest.mark.parametrize("step", [1, 2, 7, 1000])
def test_starting_at_a_step_skips_what_came_before(step):
    batches = stream(numbers(10))
    assert take(batches, 3, step) == take(batches, 3 + step)[step:]


def test_the_seed_decides_the_order():
    assert take(stream(numbers(100)), 3) == take(stream(numbers(100)), 3)
    assert take(stream(numbers(100)), 3) != take(stream(numbers(100), seed=1), 3)


@pytest.mark.parametrize(("num_workers", "num_replicas"), [(2, 2), (2, 4), (1, 2)])
def test_replicas_share_each_batch_without_overlap(num_workers, num_replicas):
    whole = take(stream(numbers(50), batch_size=8), 3)
    own = num_replicas // num_workers
    parts = [
        take(
            stream(numbers(50), batch_size=8),
            3 * own,
            num_replicas=num_replicas,
            num_workers=num_workers,
            worker=worker,
        )
        for worker in range(num_workers)
    ]
    for step, batch in enumerate(whole):
        shared = [rows for part in parts for rows in part[step * own : (step + 1) * own]]
        assert np.concatenate(shared).tolist() == batch


def test_a_batch_that_replicas_cannot_share_is_refused():
    with pytest.raises(UsageError, match="batch_size 10 cannot be shared by 4 devices"):
        stream(numbers(50), batch_size=10).from_step(0, num_replicas=4)


def test_draws_belong_to_the_step_and_the_row():
    def with_draws(**worker):
        batches = ShuffledBatches(numbers(50), 8, 0, lambda _, draws: draws, num_draws=3)
        return [draws.numpy() for draws in batches.from_step(5, **worker).take(2)]

    whole = with_draws()
    assert whole[0].shape == (8, 3)
    assert len(np.unique(whole)) == 48
    second_half = with_draws(num_replicas=2, num_workers=2, worker=1)
    np.testing.assert_array_equal(second_half[0], whole[0][4:])


def test_rows_are_loaded_in_the_pipeline():
    examples = Examples(
        {"number": np.arange(10)}, load=lambda row: {"number": tf.repeat(row["number"] * 10, 2)}
    )
    (batch,) = take(stream(examples), 1)
    (plain,) = take(stream(numbers(10)), 1)
    assert batch == [[10 * number] * 2 for number in plain]
    ordered = in_order(examples, 3, lambda columns: columns["number"])
    assert next(iter(ordered)).numpy().tolist() == [[0, 0], [10, 10], [20, 20]]


def test_evaluation_reads_every_example_once_in_order():
    batches = in_order(numbers(10), 4, lambda columns: columns["number"])
    assert np.concatenate([batch.numpy() for batch in batches]).tolist() == list(range(10))


def test_carving_divides_without_overlap_and_always_alike():
    kept, carved = carve(numbers(100), 30)
    rows = np.concatenate([kept.columns["number"], carved.columns["number"]])
    assert sorted(rows) == list(range(100))
    assert len(carved) == 30
    again = carve(numbers(100), 30)[1]
    np.testing.assert_array_equal(carved.columns["number"], again.columns["number"])


def test_the_fingerprint_changes_with_the_data():
    assert numbers(10).fingerprint() == numbers(10).fingerprint()
    assert numbers(10).fingerprint() != numbers(11).fingerprint()
    assert (
        Examples({"a": np.arange(3)}).fingerprint() != Examples({"b": np.arange(3)}).fingerprint()
    )


def test_columns_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="differ in length"):
        Examples({"a": np.arange(3), "b": np.arange(4)})


def lengths(count: int) -> Examples:
    random = np.random.default_rng(0)
    return Examples({"number": np.arange(count), "length": random.integers(1, 40, count)})


def test_batches_by_length_hold_examples_of_about_one_length():
    examples = lengths(1000)
    spreads = {}
    for length in (None, "length"):
        batches = take(stream(examples, batch_size=10, length=length), 60)
        spreads[length] = np.mean([np.ptp(examples.columns["length"][b]) for b in batches])
    assert spreads["length"] < 0.15 * spreads[None]


def test_batches_by_length_are_a_function_of_the_step_in_no_order_of_length():
    examples = lengths(320)
    batches = stream(examples, batch_size=10, length="length")
    epoch = take(batches, 32)
    assert sorted(np.concatenate(epoch)) == list(range(320))
    assert take(batches, 3, 40) == take(batches, 43)[40:]
    means = [examples.columns["length"][batch].mean() for batch in epoch]
    assert abs(np.corrcoef(means, np.arange(32))[0, 1]) < 0.5
    halves = [take(batches, 5, num_workers=2, num_replicas=2, worker=worker) for worker in range(2)]
    assert [a + b for a, b in zip(*halves, strict=True)] == epoch[:5]


def test_draws_are_uniform_and_of_every_size():
    draws = uniform_draws((500, 301), 3, tf.constant(7, tf.int64)).numpy()
    assert draws.shape == (500, 301)
    assert 0 <= draws.min() < 1e-4
    assert 1 - 1e-4 < draws.max() < 1
    counts, _ = np.histogram(draws, 64, (0, 1))
    assert scipy.stats.chisquare(counts).pvalue > 1e-3
    # The halves of a number of 32 bits stand side by side, and know nothing of one another.
    assert abs(np.corrcoef(draws[:, ::2][:, :150].ravel(), draws[:, 1::2].ravel())[0, 1]) < 0.01
    assert uniform_draws((4, 0), 3, tf.constant(7, tf.int64)).shape == (4, 0)
