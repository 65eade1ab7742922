"""history.csv keeps what was measured, drops what a resume repeats, and is refused if broken."""

import pytest
import tensorflow as tf

from dlapps.errors import DlappsError, UsageError
from dlapps.training.history import History, read_history


def write(directory, steps) -> None:
    history = History(directory, 0)
    for step in steps:
        history.add(step, {"loss": 1.0 / step})
    history.close()


def test_rows_come_back_as_numbers_and_columns_may_join_later(tmp_path):
    history = History(tmp_path, 0)
    history.add(1, {"loss": 0.5})
    history.add(2, {"loss": 0.25, "validation_loss": 0.3})
    history.close()
    assert read_history(tmp_path / "history.csv") == [
        {"step": 1, "loss": 0.5},
        {"step": 2, "loss": 0.25, "validation_loss": 0.3},
    ]


def test_opening_at_a_step_forgets_the_rows_after_it(tmp_path):
    write(tmp_path, [10, 20, 30])
    history = History(tmp_path, 20)
    history.add(25, {"loss": 0.1})
    history.close()
    assert [row["step"] for row in read_history(tmp_path / "history.csv")] == [10, 20, 25]


@pytest.mark.parametrize(
    "text",
    [
        "step,loss\n1,0.5,7\n", "step,loss\n1,abc\n", "loss\n0.5\n", "", "step,loss\n1,0.5",
        "step,loss\n1\n", f"step,loss\n{'9' * 5000},1\n", "step,loss\n1,'\0'\n",
    ],
)  # fmt: skip
def test_a_broken_history_is_named(tmp_path, text):
    path = tmp_path / "history.csv"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"history\.csv is not a history this program wrote"):
        read_history(path)


def test_a_directory_in_the_place_of_a_history_is_named(tmp_path):
    (tmp_path / "history.csv").mkdir()
    with pytest.raises(UsageError, match=r"history\.csv is not a history this program wrote"):
        read_history(tmp_path / "history.csv")


def test_a_history_that_cannot_be_written_ends_in_one_sentence(tmp_path):
    history = History(tmp_path, 0)
    (tmp_path / "history.csv").mkdir()
    with pytest.raises(DlappsError, match="The history of step 1 could not be written"):
        history.add(1, {"loss": 0.5})


def test_tensorboard_reads_the_events(tmp_path):
    write(tmp_path, [10, 20])
    (events,) = (tmp_path / "logs").iterdir()
    found = [
        (event.step, value.tag, value.simple_value)
        for event in tf.compat.v1.train.summary_iterator(str(events))
        for value in event.summary.value
    ]
    assert found == [(10, "loss", pytest.approx(0.1)), (20, "loss", pytest.approx(0.05))]
