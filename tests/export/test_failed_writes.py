"""A place that cannot be written ends in one sentence and leaves nothing behind."""

import os
import re
import resource
import signal

import numpy as np
import pytest
import tensorflow as tf

from dlapps.export.answer import Answer
from dlapps.export.errors import ExportError
from dlapps.export.saved_model import write_saved_model


def test_a_file_in_the_way_is_one_sentence(tmp_path, one_number):
    (tmp_path / "file").write_text("kept")
    with pytest.raises(ExportError, match=r"cannot be written to .*file/model") as error:
        write_saved_model(tmp_path / "file" / "model", {"serving_default": one_number})
    assert "\n" not in str(error.value)
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_forbidden_folder_is_one_sentence(tmp_path, one_number):
    tmp_path.chmod(0o500)
    with pytest.raises(ExportError, match="Permission denied"):
        write_saved_model(tmp_path / "model", {"serving_default": one_number})


def test_a_full_disk_leaves_nothing(tmp_path):
    large = tf.Variable(tf.zeros([1_000_000]))
    answer = Answer(
        {"index": tf.TensorSpec([None], tf.int32)},
        lambda index: {"value": tf.gather(large, index)},
        lambda: ({"index": np.array([0])}, {"value": np.array([0.0])}),
    )
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
    try:
        with pytest.raises(ExportError, match=re.escape(str(tmp_path))) as error:
            write_saved_model(tmp_path / "model", {"serving_default": answer})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert str(error.value).endswith("File too large.")
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []
