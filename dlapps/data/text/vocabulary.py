"""The tokens that a model knows, numbered; texts to their numbers and back, inside the graph."""

import functools
import itertools
from collections import Counter
from collections.abc import Sequence

import tensorflow as tf

from dlapps.data.text.subwords import Merges, Subwords, Tokens, learn_subwords
from dlapps.data.text.tokenization import JOINER, UNITS, Unit

PADDING, START, END, UNKNOWN = range(4)
SPECIAL_TOKENS = ("", "<start>", "<end>", "<unknown>")


class Vocabulary(tf.Module):
    """Numbers for tokens, those of SPECIAL_TOKENS before all others.

    `unit` is what a token is: a name in UNITS, or "subwords", which are made by `merges`. Give the
    vocabulary to an `Answer` among its `resources`: its tables live in it.
    """

    def __init__(self, tokens: Sequence[str], unit: str, merges: Merges = ()):
        super().__init__(name="vocabulary")
        self._unit = Subwords(merges) if unit == "subwords" else UNITS[unit]
        self._tokens = tf.constant([*SPECIAL_TOKENS, *tokens])
        ids = tf.range(len(SPECIAL_TOKENS) + len(tokens))
        self._ids = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(self._tokens, ids), default_value=UNKNOWN
        )

    def __len__(self) -> int:
        return self._tokens.shape[0]

    def encode(self, texts: tf.Tensor, max_length: int | None = None) -> tf.Tensor:
        """int32 [N, T] of texts [N]: each ends with END and is padded to the longest.

        No more than `max_length` tokens of a text are taken.
        """
        tokens = self._unit.split(texts)[:, :max_length]
        ids = tf.ragged.map_flat_values(self._ids.lookup, tokens)
        ends = tf.fill([tf.shape(texts)[0], 1], END)
        return tf.concat([ids, ends], axis=1).to_tensor(PADDING)

    def lengths(self, texts: tf.Tensor) -> tf.Tensor:
        """How many tokens int64 [N] texts [N] have, without the END."""
        return self._unit.split(texts).row_lengths()

    def decode(self, ids: tf.Tensor) -> tf.Tensor:
        """Texts [N] of ids [N, T], each read up to its first END."""
        return self._unit.join(self.tokens(ids))

    def tokens(self, ids: tf.Tensor) -> tf.Tensor:
        """The tokens [N, T] of ids [N, T], empty from the first END on."""
        is_over = tf.math.cumsum(tf.cast(ids == END, tf.int32), axis=-1) > 0
        return tf.gather(self._tokens, tf.where(is_over, PADDING, ids))

    def read(self, text: str) -> tuple[list[str], list[bool]]:
        """The tokens of one text, as a person reads them, and whether each is known."""
        tokens = _split_graph(self._unit)(tf.constant([text])).flat_values
        known = self._ids.lookup(tokens).numpy() != UNKNOWN
        return [_readable(token) for token in tokens.numpy()], known.tolist()

    def pieces(self, text: str) -> list[str]:
        """What each token of a text adds to it: together they are the text as it is read."""
        tokens = _split_graph(self._unit)(tf.constant([text])).flat_values
        # Row n holds the first n tokens.
        beginnings = tf.ragged.range(tf.range(len(tokens) + 1))
        texts = self._unit.join(tf.gather(tokens, beginnings).to_tensor("")).numpy().tolist()
        return [after[len(before) :].decode() for before, after in itertools.pairwise(texts)]

    def shown(self, ids: tf.Tensor) -> list[list[str]]:
        """The tokens of ids [N, T] as a person reads them: special ones by name, a space as ␣."""
        rows = tf.gather(self._tokens, ids).numpy().tolist()
        return [[_readable(token) for token in row] for row in rows]


def _readable(token: bytes) -> str:
    return token.decode().replace(JOINER, "").replace(" ", "␣")


@functools.lru_cache(maxsize=4)
def _split_graph(unit: Unit | Subwords) -> tf.types.experimental.PolymorphicFunction:
    """The splitting as one graph, a sixth of the time of its single ops."""
    signature = [tf.TensorSpec([None], tf.string)]
    return tf.function(unit.split, input_signature=signature)


def learn_tokens(texts: Sequence[str], unit: str, min_count: int, num_merges: int) -> Tokens:
    """What a Vocabulary of `texts` is made of: tokens that are found at least `min_count` times.

    `num_merges` is for subwords alone.
    """
    if unit == "subwords":
        return learn_subwords(texts, num_merges, min_count)
    return Tokens(count_tokens(texts, unit, min_count))


def count_tokens(texts: Sequence[str], unit: str, min_count: int) -> tuple[str, ...]:
    """The tokens found at least `min_count` times in `texts`, the most frequent first."""
    found = UNITS[unit].split(tf.constant(texts)).flat_values.numpy().tolist()
    counts = Counter(found)
    frequent = [token.decode() for token, count in counts.items() if count >= min_count]
    return tuple(sorted(frequent, key=lambda token: (-counts[token.encode()], token)))
