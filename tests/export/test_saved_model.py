"""A SavedModel appears whole, compared and under a new version, or not at all."""

import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from dlapps.export.errors import ExportError
from dlapps.export.saved_model import write_saved_model


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
    rename = Path.rename

    def rename_too_late(staging, version):
        if version.name == "1":
            version.mkdir()
            (version / "theirs").touch()
        return rename(staging, version)

    monkeypatch.setattr(Path, "rename", rename_too_late)
    assert write_saved_model(tmp_path, {"serving_default": one_number}) == tmp_path / "2"
    assert [path.name for path in (tmp_path / "1").iterdir()] == ["theirs"]


def test_a_wrong_answer_is_refused_and_leaves_nothing(tmp_path, answers, images, expected):
    wrong = expected["probabilities"].copy()
    wrong[1, 2] += 0.25
    evidence = ({"image": images}, {**expected, "probabilities": wrong})
    pixels = answers["pixels"]._replace(example=lambda: evidence)
    with pytest.raises(ExportError, match=r"'probabilities' of signature 'pixels' .* 0\.25"):
        write_saved_model(tmp_path / "new" / "tiny", {"pixels": pixels})
    assert list(tmp_path.iterdir()) == []


def test_a_refused_export_keeps_the_versions_before_it(tmp_path, one_number):
    write_saved_model(tmp_path, {"serving_default": one_number})
    evidence = ({"number": np.array([1.0, 3.0])}, {"double": np.array([2.0, 7.0])})
    wrong = one_number._replace(example=lambda: evidence)
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
