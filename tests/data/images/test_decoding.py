"""One decoder reads every kind of file into the shape asked for, eagerly and in a graph."""

import io
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from dlapps.data.images.decoding import decode_image, read_image, to_unit_interval
from dlapps.errors import UsageError

RANDOM = np.random.default_rng(0)
COLOUR = RANDOM.integers(0, 256, (6, 5, 3), dtype=np.uint8)
GREY = COLOUR[..., 0]


def encoded(image, file_format, **options):
    if not isinstance(image, Image.Image):
        image = Image.fromarray(image)
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def with_alpha(colours, alpha):
    return np.dstack([colours, np.full(colours.shape[:2], alpha, np.uint8)])


@pytest.mark.parametrize("file_format", ["PNG", "BMP"])
def test_colour_and_grey_are_read_exactly(file_format):
    np.testing.assert_array_equal(decode_image(encoded(COLOUR, file_format), (6, 5, 3)), COLOUR)
    np.testing.assert_array_equal(decode_image(encoded(GREY, file_format), (6, 5, 1))[..., 0], GREY)


def test_jpeg_and_gif_are_read():
    smooth = np.full((8, 8, 3), (200, 100, 50), np.uint8)
    np.testing.assert_allclose(decode_image(encoded(smooth, "JPEG"), (8, 8, 3)), smooth, atol=4)
    frames = [Image.fromarray(np.full((4, 4), value, np.uint8)) for value in (10, 250)]
    animation = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert np.unique(decode_image(animation, (4, 4, 1))).tolist() == [10], "the first frame"


def test_grey_becomes_colour_and_colour_grey():
    colours = decode_image(encoded(GREY, "PNG"), (6, 5, 3))
    np.testing.assert_array_equal(colours, np.dstack([GREY] * 3))
    grey = decode_image(encoded(COLOUR, "PNG"), (6, 5, 1))
    np.testing.assert_allclose(grey, tf.image.rgb_to_grayscale(COLOUR), atol=1)


@pytest.mark.parametrize(("alpha", "factor"), [(255, 1.0), (0, 0.0), (51, 0.2)])
def test_what_is_transparent_turns_white(alpha, factor):
    expected = np.round(COLOUR * factor + 255 * (1 - factor))
    image = decode_image(encoded(with_alpha(COLOUR, alpha), "PNG"), (6, 5, 3))
    np.testing.assert_allclose(image, expected, atol=1)
    grey_alpha = Image.merge("LA", (Image.fromarray(GREY), Image.new("L", (5, 6), alpha)))
    expected = np.round(GREY * factor + 255 * (1 - factor))
    image = decode_image(encoded(grey_alpha, "PNG"), (6, 5, 1))[..., 0]
    np.testing.assert_allclose(image, expected, atol=1)


def test_the_unused_fourth_channel_of_a_bitmap_does_not_blank_it():
    bitmap = encoded(with_alpha(COLOUR, 0), "BMP")
    np.testing.assert_array_equal(decode_image(bitmap, (6, 5, 3)), COLOUR)


def test_sixteen_bits_become_eight():
    deep = encoded(Image.fromarray(GREY.astype(np.uint16) * 256 + 17), "PNG")
    np.testing.assert_array_equal(decode_image(deep, (6, 5, 1))[..., 0], GREY)


def test_shrinking_averages_instead_of_dropping_pixels():
    stripes = np.tile(np.array([0, 0, 0, 240], np.uint8), (32, 8))
    shrunk = decode_image(encoded(stripes, "PNG"), (8, 8, 1)).numpy()
    np.testing.assert_allclose(shrunk[:, 1:-1], 60, atol=8)


def test_a_graph_decodes_a_batch_of_any_kinds_into_a_static_shape():
    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def decode(batch):
        images = tf.map_fn(
            lambda contents: decode_image(contents, (4, 3, 3)), batch, fn_output_signature=tf.uint8
        )
        assert images.shape.as_list() == [None, 4, 3, 3]
        return images

    files = [
        encoded(GREY, "PNG"),
        encoded(COLOUR, "JPEG"),
        encoded(with_alpha(COLOUR, 99), "PNG"),
        encoded(COLOUR, "BMP"),
        encoded(GREY, "GIF"),
    ]
    expected = [decode_image(contents, (4, 3, 3)).numpy() for contents in files]
    np.testing.assert_array_equal(decode(tf.constant(files)), expected)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_saved_model_decodes_alike(tmp_path, channels):
    module = tf.Module()
    module.decode = tf.function(
        lambda contents: decode_image(contents, (7, 9, channels)),
        input_signature=[tf.TensorSpec([], tf.string)],
    )
    tf.saved_model.save(module, tmp_path / "decoder")
    contents = encoded(COLOUR, "PNG")
    np.testing.assert_array_equal(
        tf.saved_model.load(tmp_path / "decoder").decode(contents),
        decode_image(contents, (7, 9, channels)),
    )


def test_read_image_reads_what_decode_image_decodes(tmp_path):
    (tmp_path / "photo.png").write_bytes(encoded(COLOUR, "PNG"))
    image = read_image(tmp_path / "photo.png", (9, 9, 1))
    assert isinstance(image, np.ndarray)
    np.testing.assert_array_equal(image, decode_image(encoded(COLOUR, "PNG"), (9, 9, 1)))


def test_a_file_that_is_no_image_is_named(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "empty.png").touch()
    (tmp_path / "cut.png").write_bytes(encoded(COLOUR, "PNG")[:60])
    for name in ("notes.txt", "empty.png", "cut.png"):
        with pytest.raises(UsageError, match=f"{name} is not an image this program can read"):
            read_image(tmp_path / name, (8, 8, 3))
    with pytest.raises(UsageError, match=r"no image file .*absent\.png"):
        read_image(tmp_path / "absent.png", (8, 8, 3))
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        read_image(tmp_path, (8, 8, 3))


def test_two_channels_are_refused():
    with pytest.raises(UsageError, match="not 2"):
        decode_image(encoded(GREY, "PNG"), (6, 5, 2))


def test_the_unit_interval_ends_at_exactly_0_and_1():
    scaled = to_unit_interval(np.array([0, 51, 255], np.uint8))
    assert scaled.dtype == tf.float32
    np.testing.assert_array_equal(scaled, np.array([0.0, 0.2, 1.0], np.float32))


@pytest.mark.parametrize("side", [12_000, 20_000])
def test_a_file_that_would_fill_the_memory_is_refused_unread(tmp_path, side):
    """Its header is looked at: no more of these files is written here."""
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    start = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk
    (tmp_path / "bomb.png").write_bytes(start + struct.pack(">I", 9) + b"IDAT" + bytes(13))
    with pytest.raises(UsageError, match=r"bomb\.png has more than 134,217,728 pixels"):
        read_image(tmp_path / "bomb.png", (8, 8, 1))


def test_a_very_wide_image_is_read(tmp_path):
    Image.new("L", (30_000, 40), 7).save(tmp_path / "wide.png")
    assert np.all(read_image(tmp_path / "wide.png", (8, 8, 1)) == 7)
