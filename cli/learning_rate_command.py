"""`find-learning-rate`: which learning rate a config's training could take."""

from pathlib import Path

import click

from cli.amount import Amount
from cli.application_commands import JSON, data_options
from cli.paths import PATH
from cli.tensorflow_startup import start_tensorflow
from dlapps.files import json_text

FEWEST_STEPS, MOST_STEPS = 40, 100_000
RATE = Amount(1e-30, 1e6)
MEANING = {
    "at_steepest_descent": "rate at which the loss falls the fastest",
    "tenth_of_minimum": "a tenth of the rate at which it is lowest",
    "configured": "rate in the config",
}


def find_learning_rate(name: str) -> click.Command:
    """The command for the application called `name`."""

    @click.command("find-learning-rate")
    @click.argument("config", type=PATH)
    @click.option(
        "--smallest", type=RATE, default=1e-6, show_default=True, help="The rate to begin with."
    )
    @click.option(
        "--largest", type=RATE, default=10.0, show_default=True, help="The rate to end with."
    )
    @click.option(
        "--steps",
        type=click.IntRange(FEWEST_STEPS, MOST_STEPS),
        default=200,
        show_default=True,
        help="Steps of training from the one to the other.",
    )
    @click.option(
        "--set",
        "assignments",
        multiple=True,
        metavar="KEY=VALUE",
        help="Change one setting, such as data.batch_size=256.",
    )
    @click.option(
        "--to",
        "directory",
        metavar="DIR",
        type=PATH,
        help="Where the picture goes.  [default: runs/APPLICATION/CONFIG/SEED.learning_rate]",
    )
    @JSON
    @data_options
    def command(
        config: Path,
        smallest: float,
        largest: float,
        steps: int,
        assignments: tuple[str, ...],
        directory: Path | None,
        as_json: bool,
    ) -> None:
        """Raise the learning rate from step to step and see where the loss of CONFIG falls.

        CONFIG is as in train: its data, model and optimizer, without its schedule. No run is
        left. The test ends where the loss is four times its minimum.
        """
        from dlapps.config.files import find_config, read_text

        file = find_config(name, str(config))
        start_tensorflow()
        from dlapps.runs.directory import read_config
        from dlapps.runs.learning_rate import find_learning_rate

        settings = read_config(name, read_text(file.path), str(file.path), assignments)
        default = Path("runs", name, file.name, f"{settings.seed}.learning_rate")
        found = find_learning_rate(
            settings, file.name, directory or default, smallest, largest, steps
        )
        if as_json:
            click.echo(json_text(found))
            return
        for key, meaning in MEANING.items():
            rate = found[key]
            click.echo(f"{meaning}: {'none' if rate is None else f'{rate:.2g}'}")
        for path in found["files"]:
            click.echo(path)

    return command
