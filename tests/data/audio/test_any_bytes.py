"""Whatever is in a file, it is heard as a recording or refused in one sentence, by graphs too."""

import contextlib
import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from dlapps.data.audio.recordings import decode_wavs, read_recording
from dlapps.errors import DlappsError

NOISE = np.random.default_rng(0).uniform(-1, 1, (20, 2))


def encoded(form: str, subtype: str) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, NOISE, 8000, format=form, subtype=subtype)
    return file.getvalue()


KINDS = [("WAV", width) for width in ("PCM_U8", "PCM_16", "PCM_32", "FLOAT")] + [
    ("FLAC", "PCM_16"),
    ("OGG", "VORBIS"),
    ("MP3", "MPEG_LAYER_III"),
]
FILES = {" ".join(kind): encoded(*kind) for kind in KINDS}
FIELDS = {
    "length of the file": (4, 4),
    "length of the form": (16, 4),
    "form": (20, 2),
    "channels": (22, 2),
    "rate": (24, 4),
    "bytes a second": (28, 4),
    "bytes a frame": (32, 2),
    "bits a sample": (34, 2),
    "length of the samples": (40, 4),
}
NUMBERS = st.sampled_from([0, 1, 2, 3, 7, 8, 12, 16, 24, 32, 64, 999, 1000, 65534]) | st.integers(
    0, 2**32 - 1
)


@st.composite
def damaged(draw: st.DrawFn, intact: bytes) -> bytes:
    """The file with fields of its header and single bytes changed, and perhaps an end cut off."""
    contents = bytearray(intact)
    for place, size in draw(st.lists(st.sampled_from(list(FIELDS.values())), max_size=2)):
        number = draw(NUMBERS) % 256**size
        contents[place : place + size] = number.to_bytes(size, "little")
    for _ in range(draw(st.integers(0, 2))):
        contents[draw(st.integers(0, len(contents) - 1))] = draw(st.integers(0, 255))
    return bytes(contents[: draw(st.just(len(contents)) | st.integers(0, len(contents)))])


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("recordings") / "damaged.wav"


@pytest.fixture(scope="module")
def decode() -> tf.types.experimental.PolymorphicFunction:
    """What an exported model does first."""
    return tf.function(
        lambda contents: decode_wavs(contents, 8000, 50),
        input_signature=[tf.TensorSpec([None], tf.string)],
    )


@pytest.mark.parametrize("intact", FILES.values(), ids=FILES)
@settings(max_examples=100)
@given(data=st.data())
def test_damaged_recordings_are_read_or_refused(file, decode, intact, data):
    contents = data.draw(damaged(intact))
    file.write_bytes(contents)
    with contextlib.suppress(DlappsError):
        samples, _ = read_recording(file)
        assert samples.size
        assert np.all(np.abs(samples) <= 1)
    with contextlib.suppress(tf.errors.InvalidArgumentError):
        assert np.all(np.abs(decode(tf.constant([contents]))) <= 1)
