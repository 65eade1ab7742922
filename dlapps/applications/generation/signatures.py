"""The signatures of a generative model: from seeds, encoded images or latents."""

from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from dlapps.export.signature import Signature

Map = Callable[[tf.Tensor], tf.Tensor]


def generative_signatures(
    endpoints: Mapping[str, Map],
    latent_size: int,
    image_shape: tuple[int, int, int],
    read: Map,
) -> dict[str, Signature]:
    """A signature for each endpoint, and `serving_default`, which is the first of them.

    generate: seeds int64 [N] -> images; encode: image_bytes string [N] -> latents; decode:
    latents float32 [N, latent_size] -> images. Images are float32 [N, H, W, C] in [0, 1]. `read`
    makes such images of the bytes of files.
    """
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (2, *image_shape), dtype=np.uint8)
    images = (pixels / 255).astype(np.float32)
    files = np.array([tf.io.encode_png(image).numpy() for image in pixels], object)
    latents = random.uniform(size=(2, latent_size)).astype(np.float32)
    seeds = np.array([0, 1], np.int64)

    def signature(name: str, output: str, spec: tf.TensorSpec, example, plain, before=None):
        endpoint = endpoints[name]

        def answer(raw: tf.Tensor) -> dict[str, tf.Tensor]:
            return {output: endpoint(raw if before is None else before(raw))}

        # Without a graph, and each example by itself: company must not change an answer.
        alone = [np.asarray(endpoint(tf.constant(plain[i : i + 1]))) for i in range(len(plain))]
        return Signature(answer, spec, example, {output: np.concatenate(alone)})

    build = {
        "generate": lambda: signature(
            "generate", "images", tf.TensorSpec([None], tf.int64, "seeds"), seeds, seeds
        ),
        "encode": lambda: signature(
            "encode", "latents", tf.TensorSpec([None], tf.string, "image_bytes"),
            files, images, read,
        ),
        "decode": lambda: signature(
            "decode", "images", tf.TensorSpec([None, latent_size], tf.float32, "latents"),
            latents, latents,
        ),
    }  # fmt: skip
    signatures = {name: build[name]() for name in endpoints}
    return {"serving_default": next(iter(signatures.values())), **signatures}
