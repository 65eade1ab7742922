"""A checkpoint's manifest is believed only where it is whole, and what is broken is said once."""

import json
from pathlib import Path

import pytest

from dlapps.config.training import TrainingSettings
from dlapps.training.checkpoints import (
    BrokenCheckpoint,
    CheckpointStore,
    Progress,
    read_manifest,
    write_manifest,
)

PROGRESS = Progress(4, 2, 0.1 + 0.2, 1)


@pytest.fixture
def checkpoint(tmp_path) -> Path:
    directory = tmp_path / "step-000000004"
    directory.mkdir()
    (directory / "model.index").write_bytes(b"weights")
    write_manifest(directory, PROGRESS)
    return directory


def test_a_manifest_says_again_what_was_written(checkpoint):
    assert read_manifest(checkpoint) == PROGRESS


@pytest.mark.parametrize(
    "contents",
    [
        b"", b"[]", b"3", b"null", b"{}", b"NaN", b"\xff\xfe", b"[" * 100_000, b'{"files": {}}',
        b'{"files": [], "progress": {}}', b'{"files": {"model.index": 3}, "progress": {}}',
        b'{"files": {"a\\u0000b": "x"}, "progress": {}}',
        b'{"files": {}, "progress": {"step": "x"}}',
        b'{"files": {}, "progress": {"step": -1}}', b'{"files": {}, "progress": {"step": null}}',
        b'{"files": {}, "progress": {"step": 1, "best_value": []}}',
        b'{"files": {}, "progress": {"step": ' + b"9" * 5000 + b"}}",
        b'{"files": {"..": "x"}, "progress": {}}',
    ],
    ids=lambda contents: contents[:40].decode("latin-1"),
)  # fmt: skip
def test_a_manifest_of_another_form_is_a_broken_checkpoint(checkpoint, contents):
    (checkpoint / "manifest.json").write_bytes(contents)
    with pytest.raises(BrokenCheckpoint, match=r"step-000000004: .* is unreadable"):
        read_manifest(checkpoint)


def test_what_is_broken_is_said_once_with_what_is_used_instead(tmp_path, checkpoint, caplog):
    later = tmp_path / "step-000000006"
    later.mkdir()
    for _ in range(3):
        assert CheckpointStore(tmp_path).newest().progress == PROGRESS
    (said,) = caplog.messages
    assert said == f"Checkpoint {later}: manifest.json is missing. Using that of step 4."


def test_where_no_whole_checkpoint_is_left_none_is_promised(tmp_path, checkpoint, caplog):
    (checkpoint / "model.index").write_bytes(b"wheights")
    assert CheckpointStore(tmp_path).newest() is None
    (said,) = caplog.messages
    assert "model.index is truncated or corrupt. There is no whole one before it." in said


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_no_improvement(checkpoint, value):
    for mode in ("min", "max"):
        settings = TrainingSettings(steps=9, mode=mode)
        progress = Progress(step=3).after_validation(value, settings)
        assert (progress.best_step, progress.validations_without_improvement) == (None, 1)
        better = progress.at(5).after_validation(0.5, settings)
        assert (better.best_step, better.best_value) == (5, 0.5)
        write_manifest(checkpoint, progress)
        json.loads((checkpoint / "manifest.json").read_text(), parse_constant=pytest.fail)
