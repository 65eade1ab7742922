"""A SavedModel appears whole, compared and under a new version, or not at all."""

import dataclasses
import os
import re
import resource
import signal

import numpy as np
import pytest
import tensorflow as tf

from dlapps.export.errors import ExportError
from dlapps.export.saved_model import write_saved_model
from dlapps.export.signature import Signature


@pytest.fixture
def one_number(tmp_path):
    """A signature with one variable, quick to write."""
    variable = tf.Variable(2.0)
    return Signature(
        lambda number: {"double": variable * number},
        tf.TensorSpec([None], tf.float32, "number"),
        np.array([1.0, 3.0]),
        {"double": np.array([2.0, 6.0])},
    )


def test_outputs_keep_their_names_in_every_signature(exported, expected, images, image_bytes):
    loaded = tf.saved_model.load(str(exported))
    inputs = {"serving_default": {"image_bytes": image_bytes}, "pixels": {"image": images}}
    for name, arguments in inputs.items():
        arguments = {key: tf.constant(value) for key, value in arguments.items()}
        outputs = loaded.signatures[name](**arguments)
        assert outputs.keys() == {"label", "probabilities"}
        labels = [label.decode() for label in outputs["label"].numpy()]
        assert labels == expected["label"].tolist()
        np.testing.assert_allclose(outputs["probabilities"], expected["probabilities"], atol=1e-5)


def test_a_batch_may_have_another_size_than_the_example(exported, images, expected):
    loaded = tf.saved_model.load(str(exported))
    outputs = loaded.signatures["pixels"](image=tf.constant(images[2:3]))
    np.testing.assert_allclose(
        outputs["probabilities"], expected["probabilities"][2:3], rtol=1e-4, atol=1e-5
    )


def test_layout_and_permissions(exported):
    assert exported.name == "1"
    assert [path.name for path in exported.parent.iterdir()] == ["1"]
    assert {path.name for path in exported.iterdir()} == {
        "assets", "assets.extra", "fingerprint.pb", "saved_model.pb", "variables"
    }  # fmt: skip
    umask = os.umask(0)
    os.umask(umask)
    assert exported.stat().st_mode & 0o777 == 0o777 & ~umask


def test_versions_count_up_and_existing_ones_stay(tmp_path, one_number):
    first = write_saved_model(tmp_path / "model", {"serving_default": one_number})
    before = (first / "saved_model.pb").read_bytes()
    (tmp_path / "model" / "7").mkdir()
    (tmp_path / "model" / "notes").mkdir()
    assert write_saved_model(tmp_path / "model", {"serving_default": one_number}).name == "8"
    assert (first / "saved_model.pb").read_bytes() == before


def test_second_export_is_version_2(tmp_path, one_number):
    versions = [write_saved_model(tmp_path, {"serving_default": one_number}) for _ in range(2)]
    assert versions == [tmp_path / "1", tmp_path / "2"]


def test_a_version_taken_during_the_export_is_not_replaced(tmp_path, one_number, monkeypatch):
    def meanwhile(*arguments):
        (tmp_path / "1").mkdir()
        (tmp_path / "1" / "theirs").touch()

    monkeypatch.setattr("dlapps.export.saved_model.check_parity", meanwhile)
    assert write_saved_model(tmp_path, {"serving_default": one_number}).name == "2"
    assert (tmp_path / "1" / "theirs").exists()


def test_a_wrong_answer_is_refused_and_leaves_nothing(tmp_path, signatures, table, expected):
    wrong = expected["probabilities"].copy()
    wrong[1, 2] += 0.25
    pixels = dataclasses.replace(
        signatures["pixels"], expected={**expected, "probabilities": wrong}
    )
    with pytest.raises(ExportError, match=r"'probabilities' of signature 'pixels' .* 0\.25"):
        write_saved_model(tmp_path / "new" / "tiny", {"pixels": pixels}, [table])
    assert list(tmp_path.iterdir()) == []


def test_a_refused_export_keeps_the_versions_before_it(tmp_path, one_number):
    write_saved_model(tmp_path, {"serving_default": one_number})
    wrong = dataclasses.replace(one_number, expected={"double": np.array([2.0, 7.0])})
    with pytest.raises(ExportError):
        write_saved_model(tmp_path, {"serving_default": wrong})
    assert [path.name for path in tmp_path.iterdir()] == ["1"]


def test_an_interrupted_export_leaves_nothing(tmp_path, one_number, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("dlapps.export.saved_model.check_parity", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_saved_model(tmp_path / "model", {"serving_default": one_number})
    assert list(tmp_path.iterdir()) == []


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
    signature = Signature(
        lambda index: {"value": tf.gather(large, index)},
        tf.TensorSpec([None], tf.int32, "index"),
        np.array([0]),
        {"value": np.array([0.0])},
    )
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
    try:
        with pytest.raises(ExportError, match=re.escape(str(tmp_path))) as error:
            write_saved_model(tmp_path / "model", {"serving_default": signature})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert str(error.value).endswith("File too large.")
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []
