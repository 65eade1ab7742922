"""Episodes by the seeds they start from: to learn from, to choose by, to be measured on."""

import dataclasses
import hashlib

import numpy as np

from dlapps.data.splits import Data
from dlapps.environments.settings import EnvironmentData
from dlapps.environments.spec import EnvironmentSpec, describe

# Apart from one another for any number of episodes, and from the small numbers a person types.
VALIDATION_STARTS, TEST_STARTS = 1_000_000, 2_000_000
TRAINING_SEEDS = range(2**30, 2**31)


@dataclasses.dataclass(frozen=True)
class Episodes:
    """The episodes of one environment that start from the given seeds."""

    environment: str
    seeds: range

    def __len__(self) -> int:
        return len(self.seeds)

    def fingerprint(self) -> str:
        """The SHA-256 of what determines where the episodes start."""
        text = f"{self.environment} {self.seeds.start} {self.seeds.stop}"
        return hashlib.sha256(text.encode()).hexdigest()

    def drawn_seed(self, *key: int) -> int:
        """One of the seeds, a function of `key` alone."""
        (drawn,) = np.random.SeedSequence(key).generate_state(1)
        return self.seeds[int(drawn) % len(self.seeds)]


EpisodesToPlay = Data[Episodes, EnvironmentSpec]


def load_episodes(settings: EnvironmentData) -> EpisodesToPlay:
    """Episodes of the environment that `settings` names; no two splits share a start."""

    def episodes(first: int, count: int) -> Episodes:
        return Episodes(settings.name, range(first, first + count))

    return Data(
        {
            "train": Episodes(settings.name, TRAINING_SEEDS),
            "validation": episodes(VALIDATION_STARTS, settings.validation_episodes),
            "test": episodes(TEST_STARTS, settings.test_episodes),
        },
        describe(settings.name),
    )
