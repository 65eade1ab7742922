"""Finding a learning rate for a config: a range test of its first stage, written down and drawn."""

import logging
from pathlib import Path
from typing import Any

import keras

from dlapps.applications import load_application
from dlapps.config.schema import Config
from dlapps.config.training import ScheduleSettings
from dlapps.errors import UsageError
from dlapps.explain.figures.learning_rate import range_test_figure
from dlapps.explain.figures.png import png_bytes
from dlapps.files import filled_alone, json_text, write_into
from dlapps.runs.documents import ENVIRONMENT
from dlapps.runs.run import Run
from dlapps.training.distribution import choose_strategy, num_workers
from dlapps.training.hardware import choose_device, choose_precision, dtype_policy
from dlapps.training.range_test import RangeTest, range_test
from dlapps.training.stage import Stage

logger = logging.getLogger(__name__)

NUMBERS, PICTURE = "learning_rate.json", "learning_rate.png"


def find_learning_rate(
    config: Config, config_name: str, directory: Path, smallest: float, largest: float, steps: int
) -> dict[str, Any]:
    """What the loss says of the learning rate, also written into `directory`, with a picture.

    `at_steepest_descent` and `tenth_of_minimum` are the rates to choose from; None where the loss
    never fell. The test is that of `dlapps.training.range_test`, of the first stage of a run
    of `config`, none of which is kept. It is the same each time for a seed.

    Raises UsageError where a range is none, where `directory` is a run's or cannot be written to,
    and where training would raise it.
    """
    if not smallest < largest:
        raise UsageError(
            f"The learning rate cannot rise from {smallest:g} to {largest:g}; --largest must be "
            "above --smallest."
        )
    if num_workers() > 1:
        raise UsageError("A range test runs on one machine, but TF_CONFIG names several.")
    _refuse_runs(directory)
    with filled_alone(directory, lambda: False):
        stage, test = _range_test(config, directory, smallest, largest, steps)
        at_minimum = test.at_minimum()
        rates = {
            "at_steepest_descent": test.at_steepest_descent(),
            "tenth_of_minimum": at_minimum and at_minimum / 10,
            "configured": stage.settings.learning_rate,
        }
        described = {
            "application": config.application,
            "config": config_name,
            "seed": config.seed,
            "stage": stage.name,
        }
        document = {**described, **rates, **_as_lists(test)}
        figure = range_test_figure(test.rates, test.losses, test.smoothed, rates)
        files: list[tuple[str, str | bytes]] = [
            (NUMBERS, json_text(document) + "\n"),
            (PICTURE, png_bytes(figure)),
        ]
        written = [str(write_into(directory, name, contents)) for name, contents in files]
    _say_doubts(test)
    return {**document, "files": written}


def _as_lists(test: RangeTest) -> dict[str, Any]:
    arrays = {name: getattr(test, name).tolist() for name in ("rates", "losses", "smoothed")}
    return {"end": test.end, "averaged_steps": test.averaged_steps, **arrays}


def _say_doubts(test: RangeTest) -> None:
    """Says where the rates tell less than they seem to."""
    if test.at_minimum() is None:
        logger.warning("The loss never fell. Smaller rates, or more steps, may show where it does.")
    elif test.end == "largest rate":
        logger.warning(
            "The loss did not diverge up to the rate %g. Larger ones, by --largest, or more steps "
            "may show where it does.",
            test.rates[-1],
        )


def _refuse_runs(directory: Path) -> None:
    """What a run is by its files stays as it is."""
    for place in (directory.absolute(), *directory.absolute().parents):
        if (place / ENVIRONMENT).exists():
            raise UsageError(
                f"{directory} belongs to the run {place}, which holds nothing but its own. Choose "
                "another directory with --to."
            )


def _range_test(
    config: Config, directory: Path, smallest: float, largest: float, steps: int
) -> tuple[Stage, RangeTest]:
    """The first stage of training by `config`, as a run begins it, and what became of it."""
    settings = config.training.model_copy(update={"schedule": ScheduleSettings()})
    application = load_application(config.application)(
        config.model_copy(update={"training": settings})
    )
    choose_device(settings.device)
    strategy = choose_strategy(settings)
    Run(directory, application).ingredients()  # Refuses what is not there, as training does.
    data = application.build_data()
    precision = choose_precision(settings.precision, lambda: application.build_model(data.spec))
    with dtype_policy(precision), strategy.scope():
        keras.utils.set_random_seed(config.seed)
        model = application.build_model(data.spec)
        stage = next(iter(application.stages(model, data)))
        return stage, range_test(stage, smallest, largest, steps)
