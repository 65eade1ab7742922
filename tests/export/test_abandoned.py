"""What a killed export left behind goes with the next one; an export at work is left alone."""

import os

from dlapps.export import saved_model
from dlapps.export.saved_model import write_saved_model


def test_what_a_killed_export_left_goes_with_the_next(tmp_path, one_number):
    left, new = tmp_path / "model/.export-killed", tmp_path / "model/.export-new"
    for folder in (left, new):
        (folder / "saved_model").mkdir(parents=True)
    os.utime(left, (0, 0))
    write_saved_model(tmp_path / "model", {"serving_default": one_number})
    # The new one may be about to be locked by another export.
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == [".export-new", "1"]


def test_the_folder_of_an_export_at_work_stays(tmp_path, one_number, monkeypatch):
    check_parity = saved_model.check_parity

    def export_another_first(staging, *arguments):
        monkeypatch.setattr(saved_model, "check_parity", check_parity)
        os.utime(staging.parent, (0, 0))  # as if it had been at work for long
        write_saved_model(tmp_path / "model", {"serving_default": one_number})
        check_parity(staging, *arguments)

    monkeypatch.setattr(saved_model, "check_parity", export_another_first)
    assert write_saved_model(tmp_path / "model", {"serving_default": one_number}).name == "2"
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == ["1", "2"]
