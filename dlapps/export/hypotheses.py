"""What a search for a text answers: the likeliest it found, and others where they are asked for."""

from typing import Any, NamedTuple

from dlapps.export.answer import Arrays
from dlapps.export.kinds import Kind


class Hypotheses(NamedTuple):
    """How the texts that are found for each of N inputs are named, and how many are told."""

    name: str
    n_best: int
    score: str = "its log-probability, by its length to a power"

    def answer(self, texts: Any, scores: Any) -> dict[str, Any]:
        """The likeliest text, by its name, and its `score` [N], of texts and scores [N, n_best].

        Where several are told, all of them too, as `alternatives` and `alternative_scores`. Takes
        tensors, inside a graph, as well as arrays.
        """
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
            "score": Kind("numbers", self.score),
        }
        if self.n_best > 1:
            kinds |= {
                "alternatives": Kind("text", f"the {self.n_best} likeliest, the first first"),
                "alternative_scores": Kind("numbers", "the score of each of these"),
            }
        return kinds
