"""A file of weights is found, or what it is and where it belongs is said."""

import numpy as np
import pytest

from dlapps.errors import UsageError
from dlapps.models.vision.published_weights import find_weights, read_arrays


@pytest.mark.parametrize("content", [None, b"", b"text", b"PK\x03\x04 cut off"])
def test_what_is_no_npz_is_refused(tmp_path, content):
    file = tmp_path / "weights.npz"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError, match=r"weights\.npz (cannot be read|are no .npz)"):
        read_arrays(file, "SqueezeNet")


def test_an_npy_and_a_damaged_npz_are_refused(tmp_path):
    np.save(tmp_path / "array.npy", np.zeros(3))
    with pytest.raises(UsageError, match=r"array\.npy are no \.npz"):
        read_arrays(tmp_path / "array.npy", "SqueezeNet")
    kernel = np.random.default_rng(0).random((3, 3, 3, 32))
    np.savez_compressed(tmp_path / "damaged.npz", stem_kernel=kernel)
    damaged = bytearray((tmp_path / "damaged.npz").read_bytes())
    damaged[300:400] = bytes(100)
    (tmp_path / "damaged.npz").write_bytes(damaged)
    with pytest.raises(UsageError, match=r"damaged\.npz are no \.npz"):
        read_arrays(tmp_path / "damaged.npz", "SqueezeNet")


def test_weights_are_found_in_the_manual_directory(tmp_path, monkeypatch):
    monkeypatch.setenv("DLAPPS_MANUAL_DIR", str(tmp_path))
    with pytest.raises(UsageError, match=r"put it\.npz into .*folder, name .*model\.weights, or"):
        find_weights("folder", "it.npz", "The weights")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "it.npz").write_bytes(b"")
    assert find_weights("folder", "it.npz", "The weights") == tmp_path / "folder" / "it.npz"


def test_where_no_directory_is_named_it_is_asked_for(monkeypatch):
    monkeypatch.delenv("DLAPPS_MANUAL_DIR", raising=False)
    with pytest.raises(UsageError, match=r"a folder folder/ .*DLAPPS_MANUAL_DIR"):
        find_weights("folder", "it.npz", "The weights")
