"""Published sets are prepared from the raw files or a server, and failures say what to do."""

import numpy as np
import pytest

from dlapps.data.sources import published, raw_files
from dlapps.data.sources.published import load_published
from dlapps.errors import DlappsError


def shades(data):
    return {split: sorted(arrays["image"][:, 0, 0, 0].tolist()) for split, arrays in data.items()}


def test_raw_files_are_prepared_once_without_network_or_chatter(world, hosts_asked_for, capfd):
    data = load_published("dark", world / "raw", world / "prepared")
    assert shades(data) == {"train": [*range(20)], "test": [*range(20)]}
    assert data["train"]["image"].shape == (20, 2, 3, 1)
    assert data["train"]["image"].dtype == np.uint8
    assert data["train"]["label"].dtype == np.int32
    again = load_published("dark", None, world / "prepared")
    np.testing.assert_array_equal(again["train"]["image"], data["train"]["image"])
    np.testing.assert_array_equal(again["train"]["label"], data["train"]["label"])
    assert hosts_asked_for == []
    assert capfd.readouterr().out == ""
    assert not list((world / "prepared").rglob("*extracted*"))


def test_the_environment_names_the_folders(world, monkeypatch, hosts_asked_for):
    monkeypatch.setenv("DLAPPS_MANUAL_DIR", str(world / "raw"))
    load_published("dark")
    assert (world / "home" / "tensorflow_datasets" / "dark_shades" / "1.0.0").is_dir()
    monkeypatch.setenv("DLAPPS_DATA_DIR", str(world / "elsewhere"))
    load_published("dark")
    assert (world / "elsewhere" / "dark_shades" / "1.0.0").is_dir()


def test_sets_whose_files_share_a_name_are_not_mixed_up(world, hosts_asked_for):
    for name, first in (("dark", 0), ("light", 200)):
        data = load_published(name, world / "raw", world / "prepared")
        assert shades(data)["train"] == [*range(first, first + 20)]


@pytest.mark.parametrize("manual", ["nowhere", None])
def test_without_files_and_network_the_error_says_what_to_put_where(world, hosts_asked_for, manual):
    place = rf"{world}/nowhere/dark/" if manual else r"folder dark/ .* DLAPPS_MANUAL_DIR"
    with pytest.raises(DlappsError, match=rf"dark\.invalid does not .*shades.gz.*{place}"):
        load_published("dark", manual and world / manual, world / "prepared")
    assert hosts_asked_for == ["dark.invalid"], "asked once, without retries"


@pytest.mark.parametrize("manual", ["nowhere", None])
def test_what_no_server_has_is_wanted_by_name_before_any_is_asked(
    world, hosts_asked_for, monkeypatch, manual
):
    dark = published.PUBLISHED["dark"]._replace(manual="twenty of them")
    monkeypatch.setitem(published.PUBLISHED, "dark", dark)
    place = rf"into {world}/nowhere/dark/" if manual else r"into a folder dark/ .* DLAPPS_MANUAL"
    message = rf"dark cannot be downloaded .*put shades\.gz, which holds twenty of them, {place}"
    with pytest.raises(DlappsError, match=message):
        load_published("dark", manual and world / manual, world / "prepared")
    assert hosts_asked_for == []
    data = load_published("dark", world / "raw", world / "prepared")
    assert shades(data)["train"] == [*range(20)]


def test_a_damaged_file_is_named(world, hosts_asked_for):
    file = world / "raw" / "dark" / "shades.gz"
    file.write_bytes(file.read_bytes() + b"x")
    with pytest.raises(DlappsError, match=rf"{file} is not the published file"):
        load_published("dark", world / "raw", world / "prepared")


def test_who_finishes_second_uses_what_the_first_prepared(world, builders, monkeypatch):
    def other_process():
        monkeypatch.setattr(builders["dark"], "before_generating", staticmethod(lambda: None))
        load_published("dark", world / "raw", world / "prepared")

    monkeypatch.setattr(builders["dark"], "before_generating", staticmethod(other_process))
    data = load_published("dark", world / "raw", world / "prepared")
    assert shades(data)["train"] == [*range(20)]
    assert [entry.name for entry in (world / "prepared" / "dark_shades").iterdir()] == ["1.0.0"]


def test_a_folder_that_cannot_be_written_is_named(world):
    (world / "file").touch()
    with pytest.raises(DlappsError, match=f"could not be prepared in {world}/file"):
        load_published("dark", world / "raw", world / "file")


def test_what_is_not_here_is_downloaded_and_kept(world, server, builders, monkeypatch):
    data = load_published("dark", None, world / "prepared")
    assert shades(data)["train"] == [*range(20)]
    monkeypatch.setattr(raw_files, "_is_reachable", lambda url: False)
    (world / "prepared" / "dark_shades").rename(world / "moved")
    assert shades(load_published("dark", None, world / "prepared")) == shades(data)


def test_a_server_without_the_file_or_with_another_is_an_error(world, server):
    (world / "raw" / "dark" / "shades.gz").write_bytes(b"something else")
    with pytest.raises(DlappsError, match="wrong checksum"):
        load_published("dark", None, world / "prepared")
    (world / "raw" / "dark" / "shades.gz").unlink()
    with pytest.raises(DlappsError, match="404"):
        load_published("dark", None, world / "prepared")
