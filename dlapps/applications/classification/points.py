"""Points in the plane as a classifier takes them, and its answers all over it."""

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure

from dlapps.applications.classification.answers import ClassAnswers
from dlapps.applications.classification.data import labels_of
from dlapps.applications.classification.inputs import Inputs
from dlapps.applications.classification.pictures import (
    decision_regions,
    neuron_regions,
    regions_over_time,
)
from dlapps.applications.classification.smallest_change import smallest_change_picture
from dlapps.applications.classification.uncertainty import AskedClassifier, Prediction
from dlapps.data.batches import Columns, in_order
from dlapps.data.images.labelled import LabelledSpec
from dlapps.data.splits import Examples
from dlapps.errors import UsageError, in_short
from dlapps.explain.explainable import Explainable, Relevance, score_of_output
from dlapps.explain.figures.relevance import answer_text, relevance_figure
from dlapps.explain.over_time import OverTime
from dlapps.export.answer import Answer
from dlapps.export.kinds import Kind

POINT = "coordinates such as 0.5,-1.2"
POINT_KIND = Kind(
    "point", "the coordinates of a point in the plane",
    {"names": ["x", "y"], "low": [-6, -6], "high": [6, 6]},
)  # fmt: skip
FARTHEST = float(np.finfo(np.float32).max)


class Points(Inputs[LabelledSpec]):
    """Points float32 [N, 2]."""

    def of_batch(self, columns: Columns) -> tf.Tensor:
        return columns["point"]

    def answers(self, asked: AskedClassifier, batch_size: int) -> dict[str, Answer]:
        answers = ClassAnswers(asked, self.spec.class_names)
        points = np.random.default_rng(0).uniform(-6, 6, (8, 2)).astype(np.float32)
        return {
            "serving_default": Answer(
                inputs={"points": tf.TensorSpec([None, 2], tf.float32)},
                function=lambda points: answers.answer(points),
                example=lambda: ({"points": points}, answers.expected(points)),
                read=lambda text: {"points": read_point(text)[None]},
                show=answers.show,
                takes=POINT,
                resources=[answers.table],
                input_kinds={"points": POINT_KIND},
                output_kinds=answers.kinds,
                rows=lambda examples: in_order(
                    examples, batch_size, lambda row: {"points": row["point"]}
                ),
            )
        }

    def explainable(self, asked: AskedClassifier) -> Explainable:
        names = self.spec.class_names

        def show(
            text: str, inputs: list[tf.Tensor], found: Sequence[Relevance], target: int | None
        ) -> Figure:
            row = asked.answer(inputs[0])["probabilities"].numpy()[0]
            title = f"{in_short(text)}: {answer_text(names, row, target)}"
            return relevance_figure(title, inputs[0].numpy()[0], [each.of_row(0) for each in found])

        return Explainable(
            asked.model,
            lambda text: [tf.constant(read_point(text)[None])],
            score_of_output,
            show,
            axes=1,
            targets=names,
            shows_several=True,
            read=self.of_batch,
            pictures={
                "adversarial": lambda text, inputs, target: smallest_change_picture(
                    asked.model, in_short(text), inputs[0], target, names
                )
            },
        )

    def pictures(
        self, asked: AskedClassifier, test: Examples, prediction: Prediction
    ) -> dict[str, Figure]:
        points, labels = test.columns["point"], prediction.labels

        def predict(x: np.ndarray) -> np.ndarray:
            return asked.answer(x)["probabilities"].numpy()

        return {
            "decision_regions": decision_regions(predict, points, labels, self.spec.class_names),
            "neurons": neuron_regions(asked.model, points, labels),
        }

    def over_time(
        self, probabilities: Callable[[tf.Tensor], tf.Tensor], chosen: Examples
    ) -> dict[str, OverTime]:
        regions = regions_over_time(
            lambda x: probabilities(x).numpy(),
            chosen.columns["point"],
            labels_of(chosen),
            self.spec.class_names,
        )
        return {"decision_regions_over_time": regions}


def read_point(text: str) -> np.ndarray:
    """float32 [2] of coordinates that a person typed; UsageError for what are none."""
    try:
        x, y = (float(number) for number in text.split(","))
        # In the 32 bits of the network, a number may be infinite that was not.
        if not (abs(x) <= FARTHEST and abs(y) <= FARTHEST):
            raise ValueError("no place in the plane")
    except ValueError as error:
        raise UsageError(f"'{in_short(text)}' is not a point; this run takes {POINT}.") from error
    return np.array([x, y], np.float32)
