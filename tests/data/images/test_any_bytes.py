"""Whatever is in a file, it is read as an image or refused in one sentence, by graphs too."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dlapps.data.images.decoding import decode_images, read_image
from dlapps.errors import DlappsError

SHAPE = (4, 4, 3)
PNG_HEADER = slice(16, 29)


def encoded(file_format: str, mode: str, **options) -> bytes:
    file = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (6, 5, 3), dtype=np.uint8)
    Image.fromarray(pixels).convert(mode).save(file, file_format, **options)
    return file.getvalue()


FILES = {
    "png": encoded("PNG", "RGB"),
    "grey with alpha": encoded("PNG", "LA"),
    "palette": encoded("PNG", "P"),
    "jpeg": encoded("JPEG", "RGB"),
    "progressive": encoded("JPEG", "CMYK", progressive=True),
    "gif": encoded("GIF", "P"),
    "bmp": encoded("BMP", "RGB"),
    "grey bmp": encoded("BMP", "L"),
    "webp": encoded("WEBP", "RGB"),
}


@st.composite
def damaged(draw: st.DrawFn, intact: bytes) -> bytes:
    """The file with a few bytes changed, mostly of its header, and perhaps an end cut off."""
    contents = bytearray(intact)
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, 63) | st.integers(0, len(contents) - 1))
        contents[place % len(contents)] = draw(
            st.sampled_from([0, 1, 127, 128, 255]) | st.integers(0, 255)
        )
    kept = draw(st.just(len(contents)) | st.integers(0, len(contents)))
    return with_checksum(bytes(contents[:kept]))


def with_checksum(contents: bytes) -> bytes:
    """The file, of which a PNG's header is right again: else decoders look no further."""
    if contents[:4] != b"\x89PNG" or len(contents) < PNG_HEADER.stop + 4:
        return contents
    checksum = struct.pack(">I", zlib.crc32(contents[12 : PNG_HEADER.stop]))
    return contents[: PNG_HEADER.stop] + checksum + contents[PNG_HEADER.stop + 4 :]


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("images") / "damaged.png"


@pytest.fixture(scope="module")
def decode() -> tf.types.experimental.PolymorphicFunction:
    """What an exported model does first."""
    return tf.function(
        lambda contents: decode_images(contents, SHAPE),
        input_signature=[tf.TensorSpec([None], tf.string)],
    )


@pytest.mark.parametrize("intact", FILES.values(), ids=FILES)
@settings(max_examples=40)
@given(data=st.data())
def test_damaged_images_are_read_or_refused(file, decode, intact, data):
    contents = data.draw(damaged(intact))
    file.write_bytes(contents)
    try:
        image = read_image(file, SHAPE)
    except DlappsError:
        with pytest.raises(tf.errors.InvalidArgumentError):
            decode(tf.constant([contents]))
    else:
        np.testing.assert_array_equal(decode(tf.constant([contents])), [image])
