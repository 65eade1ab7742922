"""How well a language model foretells a text: what each token surprised it by."""

import math
from collections.abc import Collection
from typing import Any

import numpy as np
import tensorflow as tf

from dlapps.models.text.language_model import LanguageModel
from dlapps.progress import progress

WINDOW = 256
"""Tokens that are read at a time; it changes nothing but the time taken."""


class Surprise:
    """Measures a model on one text, which `rows` readers share; as a loop's `Validation`.

    Each goes on from window to window with what it remembers, and knows nothing at the beginning of
    its part. With one reader, the first token alone is not judged.
    """

    def __init__(self, model: LanguageModel, tokens: np.ndarray, rows: int):
        self.model = model
        rows = max(1, min(rows, len(tokens) // 2))
        part = (len(tokens) - 1) // rows
        firsts = part * np.arange(rows)[:, None]
        self.read = tokens[firsts + np.arange(part)]
        self.following = tokens[firsts + np.arange(1, part + 1)]
        self._nats_of_window = tf.function(self._nats, reduce_retracing=True)

    def names(self) -> Collection[str]:
        return ["loss", "perplexity"]

    def measure(self) -> dict[str, float]:
        loss = float(np.mean(self.nats()))
        return {"loss": loss, "perplexity": math.exp(min(loss, 700.0))}

    def nats(self) -> np.ndarray:
        """-log p, float32 [rows, L], of each token that follows another."""
        states = self.model.initial_states(len(self.read))
        found = []
        for start in progress(range(0, self.read.shape[1], WINDOW), "Reading"):
            window = slice(start, start + WINDOW)
            nats, states = self._nats_of_window(
                self.read[:, window], self.following[:, window], states
            )
            found.append(nats.numpy())
        return np.concatenate(found, axis=1)

    def _nats(self, tokens: tf.Tensor, following: tf.Tensor, states: Any) -> Any:
        logits, states = self.model.read(tokens, states)
        logits = tf.cast(logits, tf.float32)
        nats = tf.nn.sparse_softmax_cross_entropy_with_logits(following, logits)
        return nats, states


def text_report(nats: np.ndarray, num_characters: int) -> dict[str, float]:
    """What a text of so many characters surprised a model by, from the nats of its tokens."""
    mean = float(np.mean(nats))
    return {
        "nats_per_token": mean,
        "bits_per_character": float(np.sum(nats)) / math.log(2) / num_characters,
        "perplexity": math.exp(min(mean, 700.0)),
        "tokens": nats.size,
    }
