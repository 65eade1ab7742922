"""The buffer holds the newest rows, draws them evenly, and comes back as it was."""

import numpy as np

from dlapps.environments.replay_buffer import ReplayBuffer


def rows(*numbers: int) -> dict[str, np.ndarray]:
    values = np.array(numbers)
    return {"number": values, "pair": np.stack([values, -values], axis=1).astype(np.float32)}


def held(buffer: ReplayBuffer) -> set[int]:
    drawn = buffer.sample(1000, np.random.default_rng(0))
    np.testing.assert_array_equal(drawn["pair"], np.stack([drawn["number"], -drawn["number"]], 1))
    return set(drawn["number"].tolist())


def test_new_rows_replace_the_oldest():
    buffer = ReplayBuffer(5)
    buffer.add(rows(1, 2, 3))
    assert (len(buffer), held(buffer)) == (3, {1, 2, 3})
    buffer.add(rows(4, 5, 6))
    assert (len(buffer), held(buffer)) == (5, {2, 3, 4, 5, 6})


def test_rows_are_drawn_evenly():
    buffer = ReplayBuffer(10)
    buffer.add(rows(*range(10)))
    counts = np.bincount(buffer.sample(100_000, np.random.default_rng(0))["number"])
    assert (abs(counts - 10_000) < 500).all()


def test_a_restored_buffer_goes_on_alike():
    for fill in ([1, 2, 3], [1, 2, 3, 4, 5, 6, 7]):
        buffer, restored = ReplayBuffer(5), ReplayBuffer(5)
        for number in fill:
            buffer.add(rows(number))
        restored.restore(buffer.save())
        for number in (8, 9):
            for one in (buffer, restored):
                one.add(rows(number))
            a, b = (one.sample(50, np.random.default_rng(1)) for one in (buffer, restored))
            np.testing.assert_array_equal(a["pair"], b["pair"])


def test_what_was_drawn_stays_as_it_was():
    buffer = ReplayBuffer(3)
    buffer.add(rows(1, 2, 3))
    drawn = buffer.sample(2, np.random.default_rng(0))
    before = drawn["number"].copy()
    buffer.add(rows(7, 8, 9))
    np.testing.assert_array_equal(drawn["number"], before)
