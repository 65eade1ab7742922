"""No split sees where another one starts."""

import itertools

from dlapps.environments.episodes import Episodes, load_episodes
from dlapps.environments.settings import MOST_EPISODES, EnvironmentData


def test_no_two_splits_share_a_start():
    most = {"validation_episodes": MOST_EPISODES, "test_episodes": MOST_EPISODES}
    data = load_episodes(EnvironmentData(name="CartPole-v1", **most))
    seeds = [split.seeds for split in data.splits.values()]
    ordered = sorted(seeds, key=lambda span: span.start)
    assert all(a.stop <= b.start for a, b in itertools.pairwise(ordered))
    assert [len(data["validation"]), len(data["test"])] == [MOST_EPISODES, MOST_EPISODES]


def test_the_fingerprint_tells_episodes_apart():
    episodes = [
        Episodes(name, span)
        for name in ("CartPole-v1", "Acrobot-v1")
        for span in (range(3), range(4), range(1, 4))
    ]
    assert len({one.fingerprint() for one in episodes}) == 6


def test_a_drawn_seed_follows_from_its_key():
    episodes = Episodes("CartPole-v1", range(10**6, 2 * 10**6))
    drawn = [episodes.drawn_seed(0, environment, 5) for environment in range(100)]
    assert drawn == [episodes.drawn_seed(0, environment, 5) for environment in range(100)]
    assert len(set(drawn)) == 100
    assert all(seed in episodes.seeds for seed in drawn)
