"""What a run's documents say where people read it."""

from dlapps.runs.documents import facts_of


def test_facts_are_told_in_units_and_what_is_unknown_is_left_out():
    environment = {
        "packages": {"keras": "3.15"}, "gpus": [], "commit": None, "steps": 12000,
        "seconds_of_steps": 754.3, "peak_memory": 734003200, "parameters": 61706,
    }  # fmt: skip
    assert facts_of(environment) == {
        "steps": "12,000",
        "seconds of steps": "13 min",
        "peak memory": "700 MiB",
        "parameters": "61,706",
        "keras": "3.15",
    }
