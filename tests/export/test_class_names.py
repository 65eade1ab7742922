"""Class names that a SavedModel carries with it."""

import gc
import shutil
import tempfile

import numpy as np
import pytest
import tensorflow as tf

from dlapps.errors import UsageError
from dlapps.export.class_names import LabelTable
from dlapps.export.errors import ExportError


def test_names_keep_every_character(table, class_names):
    indices = tf.constant([[2, 0], [1, 1]], tf.int32)
    names = [[name.decode() for name in row] for row in table.labels(indices).numpy()]
    assert names == [[class_names[2], class_names[0]], [class_names[1]] * 2]


def test_an_index_past_the_end_is_empty(table):
    assert table.labels(tf.constant([3, -1])).numpy().tolist() == [b"", b""]


def test_the_asset_is_one_name_a_line(exported, class_names):
    text = (exported / "assets" / "class_names.txt").read_text("utf-8")
    assert text.splitlines() == class_names


def test_the_graph_reads_the_asset_where_the_saved_model_is_now(exported, images, tmp_path):
    moved = shutil.copytree(exported, tmp_path / "moved")
    (moved / "assets" / "class_names.txt").write_text("x\nx\nx\n")
    loaded = tf.saved_model.load(str(moved))
    outputs = loaded.signatures["pixels"](image=tf.constant(images))
    assert set(outputs["label"].numpy()) == {b"x"}


@pytest.mark.parametrize("name", ["two\nlines", "trailing\n", "\r", "\u2028", "\x85", ""])
def test_a_name_that_is_not_one_line_is_refused(name):
    with pytest.raises(UsageError, match="not one line") as error:
        LabelTable(["fine", name])
    assert repr(name) in str(error.value)


def test_a_folder_name_that_is_no_unicode_is_refused():
    undecodable = b"caf\xe9".decode("utf-8", "surrogateescape")
    with pytest.raises(UsageError, match="not valid Unicode"):
        LabelTable([undecodable])


def test_no_names_at_all_are_refused():
    with pytest.raises(UsageError, match="no class names"):
        LabelTable([])


def test_a_table_leaves_no_file_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    table = LabelTable(["a", "b"])
    assert np.all(table.labels(tf.constant([0, 1])) == [b"a", b"b"])
    assert len(list(tmp_path.iterdir())) == 1
    del table
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_no_place_for_the_file_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(ExportError, match="class names cannot be written"):
        LabelTable(["a"])
