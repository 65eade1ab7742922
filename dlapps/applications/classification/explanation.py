"""What in an image spoke for a class: the `explain` signature of an exported classifier."""

import numpy as np
import tensorflow as tf

from dlapps.data.images.decoding import READABLE, decode_images, to_unit_interval
from dlapps.data.images.labelled import LabelledSpec
from dlapps.data.sources.folders import IMAGES
from dlapps.explain.explainable import Explainable, explainer, relevance_values
from dlapps.explain.methods.catalogue import METHODS
from dlapps.export.answer import Answer, Arrays
from dlapps.export.kinds import Kind, image_file

EXPORTED = {
    "grad_cam": "which places of the last convolutional maps support the class, from 0 to 1",
    "saliency": "how fast the score of the class moves with each pixel, from 0",
}
"""The methods that cost one pass forward and one back, and what their numbers say."""

ANSWERED = -1
"""Instead of a class: the one that the network answers."""


def explain_answer(explainable: Explainable, spec: LabelledSpec) -> Answer:
    """`image_bytes` [N] and `class_index` [N] in; a map float32 [N, height, width] by each method
    of `EXPORTED` that suits the network out, of the size in which it sees an image."""
    height, width = spec.input_shape[:2]
    methods = [name for name in EXPORTED if name in explainable.methods()]

    def stretched(values: tf.Tensor) -> tf.Tensor:
        return tf.image.resize(values[..., None], [height, width])[..., 0]

    def explain(image_bytes: tf.Tensor, class_index: tf.Tensor) -> dict[str, tf.Tensor]:
        def score(logits: tf.Tensor) -> tf.Tensor:
            chosen = tf.where(class_index < 0, tf.argmax(logits, -1), class_index)
            return tf.gather(logits, chosen, batch_dims=1)

        images = to_unit_interval(decode_images(image_bytes, spec.image_shape))
        return {
            name: stretched(relevance_values(explainable, name, [images], score))
            for name in methods
        }

    def example() -> tuple[Arrays, Arrays]:
        shape = (2, *spec.input_shape)
        pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
        files = np.array([tf.io.encode_png(image).numpy() for image in pixels], object)
        images, targets = to_unit_interval(pixels), [ANSWERED, 0]
        expected = {}
        for name in methods:
            # Rows are asked together, as in the graph: alone, they would be rounded otherwise.
            answered = explainer(explainable, name)([images]).values
            of_first = explainer(explainable, name, target=0)([images]).values
            expected[name] = stretched(np.stack([answered[0], of_first[1]])).numpy()
        return {"image_bytes": files, "class_index": np.array(targets)}, expected

    return Answer(
        inputs={
            "image_bytes": tf.TensorSpec([None], tf.string),
            "class_index": tf.TensorSpec([None], tf.int64),
        },
        function=explain,
        example=example,
        input_kinds={
            "image_bytes": image_file(spec.image_shape, READABLE, IMAGES.suffixes),
            "class_index": Kind(
                "class_index", f"the class to explain, from 0; {ANSWERED}: the likeliest"
            ),
        },
        output_kinds={
            name: Kind("relevance", EXPORTED[name], {"title": METHODS[name].title})
            for name in methods
        },
    )
