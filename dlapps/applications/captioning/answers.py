"""What a captioner answers: the bytes of a photo of any size to a sentence."""

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from dlapps.applications.captioning.data import CaptionedSpec
from dlapps.applications.captioning.writer import CaptionWriter
from dlapps.data.images.decoding import IMAGE_FILE, READABLE, decode_images, read_image_bytes
from dlapps.data.sources.folders import IMAGES
from dlapps.datasets.captioned_shapes import make_captioned_shapes
from dlapps.export.answer import Answer, Arrays
from dlapps.export.kinds import image_file

NUM_EXAMPLES = 2


def caption_answer(writer: CaptionWriter, spec: CaptionedSpec) -> Answer:
    """Takes image_bytes [N] and gives `caption` and `score` [N]."""

    def caption(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        return writer.write(writer.maps(decode_images(image_bytes, spec.image_shape)))

    def example() -> tuple[Arrays, Arrays]:
        images, _ = make_captioned_shapes(NUM_EXAMPLES, max(spec.image_shape))
        images = images[:, : spec.image_shape[0], : spec.image_shape[1]]
        files = [tf.io.encode_png(image).numpy() for image in images]
        return {"image_bytes": np.array(files, object)}, writer.expected(images)

    def show(text: str, outputs: Arrays, directory: Path, name: str) -> dict[str, Any]:
        return writer.hypotheses.record(outputs)

    return Answer(
        inputs={"image_bytes": tf.TensorSpec([None], tf.string)},
        function=caption,
        example=example,
        read=read_image_bytes,
        show=show,
        takes=IMAGE_FILE,
        suffixes=IMAGES.suffixes,
        at_once=16,
        resources=[writer.vocabulary],
        input_kinds={"image_bytes": image_file(spec.image_shape, READABLE, IMAGES.suffixes)},
        output_kinds=writer.hypotheses.kinds(),
    )
