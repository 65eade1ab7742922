"""The replay buffer: the newest transitions, from which batches are drawn (Lin 1992)."""

from collections.abc import Mapping

import numpy as np

Columns = dict[str, np.ndarray]


class ReplayBuffer:
    """The newest `size` rows that were added, in named columns.

    The columns are made when the first rows come. Their memory is taken as it is filled.
    """

    def __init__(self, size: int):
        self.size = size
        self.num_added = 0
        self._columns: Columns = {}

    def __len__(self) -> int:
        return min(self.num_added, self.size)

    def add(self, rows: Mapping[str, np.ndarray]) -> None:
        """Adds rows [N, ...], which replace the oldest where there is no room."""
        if not self._columns:
            self._columns = {
                name: np.empty((self.size, *rows[name].shape[1:]), rows[name].dtype)
                for name in rows
            }
        count = len(next(iter(rows.values())))
        places = (self.num_added + np.arange(count)) % self.size
        for name, column in self._columns.items():
            column[places] = rows[name]
        self.num_added += count

    def sample(self, count: int, random: np.random.Generator) -> Columns:
        """`count` rows drawn evenly, with replacement."""
        places = random.integers(0, len(self), count)
        return {name: column[places] for name, column in self._columns.items()}

    def save(self) -> Columns:
        """The arrays that `restore` takes."""
        columns = {name: column[: len(self)] for name, column in self._columns.items()}
        return {"num_added": np.array(self.num_added), **columns}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Makes the buffer what it was at `save`."""
        columns = dict(arrays)
        num_added = int(columns.pop("num_added"))
        self._columns, self.num_added = {}, 0
        self.add(columns)
        self.num_added = num_added
