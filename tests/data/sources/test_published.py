"""Published sets are known by name, and it is quickly told where each would come from."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dlapps.data.batches import ShuffledBatches
from dlapps.data.images.labelled import LabelledData, load_labelled
from dlapps.data.sources import published
from dlapps.data.sources.published import describe, load_published, published_names
from dlapps.errors import UsageError


def test_describe_tells_where_the_data_is(world):
    folders = (world / "raw", world / "prepared")
    assert describe("dark", None, folders[1]) == "would be downloaded"
    assert describe("dark", *folders) == f"raw files in {world}/raw/dark"
    load_published("dark", *folders)
    assert describe("dark", *folders) == f"prepared in {world}/prepared/dark_shades/1.0.0"


def test_describe_needs_no_tensorflow():
    program = (
        "import sys; from dlapps.data.sources.published import describe, published_names; "
        "[describe(name) for name in published_names()]; "
        "sys.exit(bool({'tensorflow', 'tensorflow_datasets'} & sys.modules.keys()))"
    )
    root = Path(published.__file__).parents[3]
    subprocess.run([sys.executable, "-c", program], check=True, cwd=root)


def test_an_unknown_name_is_refused_with_the_known_ones():
    assert {"mnist", "fashion_mnist"} <= set(published_names())
    for function in (describe, load_published):
        with pytest.raises(UsageError, match=r"'emnist'.* mnist, fashion_mnist"):
            function("emnist")


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.skipif("DLAPPS_MANUAL_DIR" not in os.environ, reason="DLAPPS_MANUAL_DIR is not set")
def test_mnist_is_mnist_from_memory_and_from_the_disk(tmp_path, monkeypatch):
    data_dir = os.environ.get("DLAPPS_TEST_DATA_DIR") or str(tmp_path)
    monkeypatch.setenv("DLAPPS_DATA_DIR", data_dir)
    whole = load_published("mnist", data_dir=Path(data_dir))
    assert whole["train"]["image"].shape == (60000, 28, 28, 1)
    assert whole["test"]["image"].shape == (10000, 28, 28, 1)
    # The counts of the digits as the publisher's label files give them.
    assert np.bincount(whole["train"]["label"]).tolist() == [
        5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949,
    ]  # fmt: skip
    assert np.bincount(whole["test"]["label"]).tolist() == [
        980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009,
    ]  # fmt: skip
    memory = load_labelled(LabelledData(name="mnist"))
    disk = load_labelled(LabelledData(name="tfds", builder="mnist:3.0.1"))
    assert memory.spec.input_shape == disk.spec.input_shape
    for split in ("train", "validation", "test"):
        assert len(memory[split]) == len(disk[split])
    one, other = (
        ShuffledBatches(data["train"], 128, 7, lambda columns, draws: columns)
        .from_step(100)
        .take(3)
        for data in (memory, disk)
    )
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a["image"], b["image"])
        np.testing.assert_array_equal(a["label"], b["label"])
