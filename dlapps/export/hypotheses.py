"""What a search for a text answers: the likeliest it found, and others where they are asked for."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from dlapps.data.text.vocabulary import Vocabulary
from dlapps.decoding.sequences import Decoded
from dlapps.export.answer import Arrays
from dlapps.export.kinds import Kind


class Hypotheses(NamedTuple):
    """How the texts that are found for each of N inputs are named, and how many are told."""

    name: str
    vocabulary: Vocabulary
    n_best: int

    def answer(self, found: Decoded) -> dict[str, tf.Tensor]:
        """The likeliest text, by its name, and its `score` [N], inside a graph.

        Where several are told, all [N, K] too, as `alternatives` and `alternative_scores`.
        """
        texts = [self.vocabulary.decode(tokens) for tokens in self.tokens(found)]
        answer = {self.name: texts[0], "score": found.scores[:, 0]}
        if self.n_best > 1:
            answer["alternatives"] = tf.stack(texts, axis=1)
            answer["alternative_scores"] = found.scores[:, : self.n_best]
        return answer

    def tokens(self, found: Decoded) -> list[tf.Tensor]:
        """The tokens [N, L] of each text that is told, the likeliest first."""
        return tf.unstack(found.tokens[:, : self.n_best], self.n_best, axis=1)

    def expected(self, rows: Sequence[Sequence[tuple[bytes, float]]]) -> Arrays:
        """What `answer` should give where each row holds the texts and scores for an input."""
        texts = np.array([[text for text, _ in row] for row in rows], object)
        scores = np.array([[score for _, score in row] for row in rows], np.float32)
        answer = {self.name: texts[:, 0], "score": scores[:, 0]}
        if self.n_best > 1:
            answer |= {"alternatives": texts, "alternative_scores": scores}
        return answer

    def record(self, outputs: Arrays) -> dict[str, Any]:
        """What is said of a single input, of its `answer` as arrays."""
        record: dict[str, Any] = {
            self.name: outputs[self.name][0].decode(),
            "score": float(outputs["score"][0]),
        }
        if self.n_best > 1:
            found = zip(outputs["alternatives"][0], outputs["alternative_scores"][0], strict=True)
            record["alternatives"] = [
                {self.name: text.decode(), "score": float(score)} for text, score in found
            ]
        return record

    def kinds(self) -> dict[str, Kind]:
        """The `output_kinds` of an Answer that gives an `answer`."""
        kinds = {
            self.name: Kind("sentence", f"the likeliest {self.name} that was found"),
            "score": Kind("numbers", "its log-probability, by its length to a power"),
        }
        if self.n_best > 1:
            kinds |= {
                "alternatives": Kind("text", f"the {self.n_best} likeliest, the first first"),
                "alternative_scores": Kind("numbers", "the score of each of these"),
            }
        return kinds
