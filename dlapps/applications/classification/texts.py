"""Texts as a classifier takes them: strings, and which of their tokens spoke for the class."""

import functools
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlapps.applications.classification.answers import ClassAnswers
from dlapps.applications.classification.inputs import Inputs
from dlapps.applications.classification.text_data import ClassifierSpec
from dlapps.applications.classification.uncertainty import AskedClassifier, Prediction
from dlapps.data.batches import Columns
from dlapps.data.splits import Examples
from dlapps.data.text.reading import how_read, read_text
from dlapps.data.text.vocabulary import PADDING
from dlapps.explain.explainable import Explainable, Relevance, score_of_output
from dlapps.explain.figures.attention_heads import attention_heads_figure
from dlapps.explain.figures.coloured_text import relevance_over_text
from dlapps.explain.figures.examples import Drawing
from dlapps.explain.figures.mistakes import mistakes_figure
from dlapps.explain.figures.relevance import answer_text
from dlapps.explain.methods.attention_weights import attention_rollout, attention_weights
from dlapps.export.answer import Answer, Arrays
from dlapps.export.kinds import Kind
from dlapps.models.text.transformer_blocks import attention_layers

END_SHOWN = " <end>"
NUM_MISTAKES = 10
PANEL = (2.5, 1.05)
LINE, NUM_LINES = 38, 5
"""Characters of a line, and lines, of a text that is shown beside others."""


class Texts(Inputs[ClassifierSpec]):
    """Texts as the numbers of their tokens, int32 [N, T]."""

    length = "length"

    def __init__(self, spec: ClassifierSpec):
        super().__init__(spec)
        assert spec.text is not None, "texts have a spec of their own"
        self._text = spec.text
        self._vocabulary = spec.text.vocabulary()

    @property
    def size(self) -> int:
        """How many tokens there are."""
        return len(self._vocabulary)

    def of_batch(self, columns: Columns) -> tf.Tensor:
        ids = columns["tokens"]
        return ids[:, : tf.reduce_max(tf.math.count_nonzero(ids != PADDING, axis=1))]

    def answers(self, asked: AskedClassifier, batch_size: int) -> dict[str, Answer]:
        answers = ClassAnswers(asked, self.spec.class_names)
        texts = np.array([text.encode() for text in self._text.examples], object)
        ids = self._ids(tf.constant(texts)).numpy()

        def show(text: str, outputs: Arrays, directory: Path, name: str) -> dict[str, Any]:
            return answers.show(text, outputs, directory, name) | self._how_read(text)

        return {
            "serving_default": Answer(
                inputs={"texts": tf.TensorSpec([None], tf.string)},
                function=lambda texts: answers.answer(self._ids(texts)),
                example=lambda: ({"texts": texts}, answers.expected(ids)),
                read=lambda text: {"texts": np.array([self._read(text)], object)},
                show=show,
                takes="a text",
                resources=[answers.table, self._vocabulary],
                input_kinds={"texts": self._kind()},
                output_kinds=answers.kinds,
            ),
            "tokens": Answer(
                inputs={"tokens": tf.TensorSpec([None, None], tf.int32)},
                function=lambda tokens: answers.answer(tokens),
                example=lambda: ({"tokens": ids}, answers.expected(ids)),
                resources=[answers.table],
                input_kinds={
                    "tokens": Kind(
                        "numbers",
                        f"the numbers of a text's {self._text.unit}, padded with {PADDING}",
                    )
                },
                output_kinds=answers.kinds,
            ),
        }

    def _kind(self) -> Kind:
        return Kind(
            "sentence",
            f"a text, of which the first {self._text.max_length} {self._text.unit} are read",
            {"examples": [*self._text.examples]},
        )

    def explainable(self, asked: AskedClassifier) -> Explainable:
        names, vocabulary = self.spec.class_names, self._vocabulary

        def prepare(text: str) -> list[tf.Tensor]:
            ids = self._ids(tf.constant([self._read(text)]))
            return [asked.model.embedded(ids), ids]

        def show(
            text: str, inputs: list[tf.Tensor], found: Sequence[Relevance], target: int | None
        ) -> Figure:
            _, ids = inputs
            self._how_read(text)
            row = asked.answer(ids)["probabilities"].numpy()[0]
            return self._coloured(text, found[0].of_row(0), answer_text(names, row, target))

        return Explainable(
            asked.model.after_embedding(),
            prepare,
            score_of_output,
            show,
            axes=1,
            targets=names,
            layerwise=False,
            words={
                "encoder/source_embedding": vocabulary.shown(tf.range(len(vocabulary))[None])[0]
            },
        )

    def _coloured(self, text: str, relevance: Relevance, title: str) -> Figure:
        """The text as it is read, each token on the colour of its relevance."""
        pieces = [*self._vocabulary.pieces(text)[: self._text.max_length], END_SHOWN]
        return relevance_over_text(title, pieces, relevance)

    def pictures(
        self, asked: AskedClassifier, test: Examples, prediction: Prediction
    ) -> dict[str, Figure]:
        texts = test.columns["text"]
        mistakes = mistakes_figure(
            lambda axes, index: _draw_text(axes, texts[index].decode()),
            PANEL,
            prediction.labels,
            prediction.probabilities,
            self.spec.class_names,
            NUM_MISTAKES,
        )
        return {"confident_mistakes": mistakes}

    def pictures_of(self, asked: AskedClassifier, text: str, name: str) -> dict[str, Figure]:
        encoder = asked.model.encoder
        layers = attention_layers(encoder)
        if not layers:
            return {}
        ids = self._ids(tf.constant([self._read(text)]))
        weights = attention_weights(encoder, [ids], layers)
        heads = {layer: each[0] for layer, each in weights.items()}
        shown = self._vocabulary.shown(ids)[0]
        return {
            f"{name}_heads": attention_heads_figure(shown, heads, attention_rollout(weights)[0])
        }

    def drawings(self, model: keras.Model, examples: Examples) -> Sequence[Drawing]:
        texts = examples.columns["text"]
        return [functools.partial(_draw_text, text=text.decode()) for text in texts]

    def _read(self, text: str) -> bytes:
        return read_text(text, self._vocabulary)

    def _how_read(self, text: str) -> dict[str, Any]:
        return how_read(text, self._vocabulary, self._text.max_length)

    def _ids(self, texts: tf.Tensor) -> tf.Tensor:
        return self._vocabulary.encode(texts, self._text.max_length)


def _draw_text(axes: Axes, text: str) -> None:
    """Writes the beginning of a text into axes, in lines."""
    lines = [part for line in text.splitlines() for part in textwrap.wrap(line.strip(), LINE)]
    shown = "\n".join(lines[:NUM_LINES]) + ("…" if len(lines) > NUM_LINES else "")
    axes.set_axis_off()
    axes.text(
        0.5, 1, shown, transform=axes.transAxes, ha="center", va="top", multialignment="left",
        size=6.5, family="monospace", parse_math=False,
    )  # fmt: skip
