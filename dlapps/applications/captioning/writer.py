"""A network with its vocabulary and its search: photos in, their captions out."""

import functools
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from dlapps.applications.captioning.data import CaptionedSpec
from dlapps.data.batches import Columns, in_order
from dlapps.data.images.decoding import to_unit_interval
from dlapps.data.splits import Examples
from dlapps.data.text.likeliest import (
    DecodingSettings,
    best_texts,
    best_tokens,
    compiled_decoding,
    score_of,
)
from dlapps.data.text.sequences import shifted, up_to_end
from dlapps.decoding.sequences import Decoded
from dlapps.export.answer import Arrays
from dlapps.export.hypotheses import Hypotheses
from dlapps.models.captioning.captioner import PhotoCaptioner
from dlapps.progress import progress


class CaptionWriter:
    """How photos are looked at, and what is said of them."""

    def __init__(self, model: PhotoCaptioner, spec: CaptionedSpec, settings: DecodingSettings):
        self.model = model
        self.vocabulary = spec.vocabulary()
        self.hypotheses = Hypotheses("caption", settings.n_best)
        self._settings = settings

    def maps(self, images: tf.Tensor) -> tf.Tensor:
        """What the encoder sees of uint8 images [N, H, W, C]."""
        return self.model.encoder(to_unit_interval(images), training=False)

    def write(self, maps: tf.Tensor) -> dict[str, tf.Tensor]:
        """The `caption` [N] that is found for the maps of photos, and what comes with it."""
        found = best_texts(self._search(maps), self.vocabulary, self._settings.n_best)
        return self.hypotheses.answer(*found)

    def captions(self, photos: Examples, batch_size: int) -> list[str]:
        """The likeliest caption of each photo."""
        batches = progress(in_order(photos, batch_size, _as_they_are), "Writing captions")
        return [text.decode() for batch in batches for text in self._written(batch).numpy()]

    def likeliest(self, maps: tf.Tensor) -> tf.Tensor:
        """The tokens [1, U], up to their END, of the caption for the maps [1, h, w, C]."""
        return up_to_end(self._search(maps).tokens[:, 0])

    def expected(self, images: np.ndarray) -> Arrays:
        """What is found one photo at a time, scored by Keras in one pass over each caption."""
        texts, scores = zip(*(self._scored(image[None]) for image in images), strict=True)
        return self.hypotheses.answer(np.array(texts, object), np.array(scores, np.float32))

    def _scored(self, image: np.ndarray) -> tuple[list[bytes], list[float]]:
        """The texts that are found for an image [1, H, W, C], and their scores."""
        x = to_unit_interval(image)
        maps = self.model.encoder.predict(x, verbose=0)
        texts, scores = [], []
        for padded in best_tokens(self._search(maps), self._settings.n_best):
            tokens = up_to_end(padded)
            logits = self.model.predict({"image": x, "target": shifted(tokens)}, verbose=0)
            texts.append(self.vocabulary.decode(tokens).numpy()[0])
            scores.append(score_of(tokens, logits, self._settings.length_penalty))
        return texts, scores

    @functools.cached_property
    def _written(self) -> Callable[[Columns], tf.Tensor]:
        """From photos, or their maps where these were made before, to captions [N]."""

        @tf.function(reduce_retracing=True)
        def written(columns: Columns) -> tf.Tensor:
            if "maps" in columns:
                return self.write(tf.cast(columns["maps"], tf.float32))["caption"]
            return self.write(self.maps(columns["image"]))["caption"]

        return written

    @property
    def _search(self) -> Callable[[tf.Tensor], Decoded]:
        captioner = self.model.captioner
        maps = tf.TensorSpec([None, *captioner.reader.input_shape[1:]])
        return compiled_decoding(captioner, maps, self._settings)


def _as_they_are(columns: Columns) -> Columns:
    return columns
