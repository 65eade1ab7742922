"""Of the examples to learn from, few may be taken, and the others are left alone."""

import numpy as np
import pytest

from dlapps.data.images.labelled import LabelledData, load_labelled
from dlapps.errors import UsageError


def test_few_examples_are_some_of_more_and_what_is_measured_on_stays():
    whole = load_labelled(LabelledData(name="digits"))
    few = load_labelled(LabelledData(name="digits", num_train=100))
    more = load_labelled(LabelledData(name="digits", num_train=200))
    assert [len(data["train"]) for data in (few, more, whole)] == [100, 200, 1257]
    images = {image.tobytes() for image in more["train"].columns["image"]}
    assert all(image.tobytes() in images for image in few["train"].columns["image"])
    assert len(np.unique(few["train"].columns["label"])) == 10
    for split in ("validation", "test"):
        assert few[split].fingerprint() == whole[split].fingerprint()


def test_more_than_there_are_is_refused():
    with pytest.raises(UsageError, match=r"data\.num_train is 1258, but digits has 1257"):
        load_labelled(LabelledData(name="digits", num_train=1258))
