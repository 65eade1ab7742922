"""`dlapps`: one group of commands for each application, and a few that serve them all."""

import itertools
import json
import logging
import os
import sys
from typing import NoReturn

import click

from cli.application_commands import application_group
from cli.compare_command import compare
from cli.config_commands import config
from cli.data_commands import data
from cli.ensemble_command import ensemble
from cli.playground_command import playground
from cli.search_command import search
from cli.serve_command import serve
from dlapps import __version__
from dlapps.errors import DlappsError, did_you_mean, in_short, printable, reason


class ApplicationGroups(click.Group):
    """The commands of this program, and a group for every application there is."""

    def list_commands(self, context: click.Context) -> list[str]:
        from dlapps.applications import application_names

        return [*application_names(), *super().list_commands(context)]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        from dlapps.applications import application_names

        if name in application_names():
            return application_group(name)
        return super().get_command(context, name)

    def resolve_command(self, context: click.Context, arguments: list[str]):
        name = arguments[0]
        if self.get_command(context, name) is None:
            known = self.list_commands(context)
            nearest = did_you_mean(name, known)
            raise click.UsageError(f"There is no command {in_short(name)}" + nearest)
        return super().resolve_command(context, arguments)


@click.group(cls=ApplicationGroups, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="dlapps %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def dlapps(debug: bool) -> None:
    """Deep-learning applications, each one YAML file and one command away.

    `dlapps list` shows what there is; `dlapps APPLICATION --help` what can be done with it.
    """
    ours = logging.getLogger("dlapps")
    ours.addHandler(logging.StreamHandler(sys.stderr))
    ours.setLevel(logging.INFO)
    ours.propagate = False
    click.get_current_context().meta["debug"] = debug


@dlapps.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def list_command(as_json: bool) -> None:
    """List the applications and their configs."""
    from cli.listing import describe_applications

    applications = describe_applications()
    if as_json:
        click.echo(json.dumps(applications, indent=1))
        return
    for application in applications:
        click.echo(f"{application['name']}  {application['summary']}")
        width = max((len(config["name"]) for config in application["configs"]), default=0)
        for described in application["configs"]:
            click.echo(f"  {described['name']:{width}}  {described['summary']}")
            click.echo(f"  {'':{width}}  needs {described['needs']}")


dlapps.add_command(compare)
dlapps.add_command(config)
dlapps.add_command(data)
dlapps.add_command(ensemble)
dlapps.add_command(playground)
dlapps.add_command(search)
dlapps.add_command(serve)


LONGEST_ERROR = 1600
"""Characters: twenty lines."""


def main() -> None:
    """Runs the program; errors become one message and an exit code."""
    # Read when TensorFlow starts: no informational chatter from its C++ side.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    arguments = sys.argv[1:]
    debug = "--debug" in itertools.takewhile(lambda argument: argument.startswith("-"), arguments)
    as_json = "--json" in itertools.takewhile(lambda argument: argument != "--", arguments)
    try:
        dlapps.main(standalone_mode=False)
    except click.ClickException as error:
        if isinstance(error, click.UsageError) and error.ctx and not as_json:
            click.echo(error.ctx.get_usage(), err=True)
        _fail(printable(error.format_message()), error.exit_code, as_json)
    except (click.Abort, KeyboardInterrupt):
        _fail("Interrupted.", 130, as_json)
    except DlappsError as error:
        if debug:
            raise
        _fail(str(error), error.exit_code, as_json)
    except Exception as error:
        if debug:
            raise
        hint = "(dlapps --debug ... shows the traceback.)"
        _fail(f"{type(error).__name__}: {reason(error)}. {hint}", 1, as_json)


def _fail(message: str, exit_code: int, as_json: bool) -> NoReturn:
    """Ends the program with one sentence on stderr, or one JSON document on stdout."""
    message = _at_most_a_screenful(message)
    if as_json:
        click.echo(json.dumps({"error": message, "exit_code": exit_code}, indent=1))
    else:
        click.echo(message, err=True)
    sys.exit(exit_code)


def _at_most_a_screenful(message: str) -> str:
    """The message; of a long one its beginning and its end, where the alternatives are."""
    if len(message) <= LONGEST_ERROR:
        return message
    return f"{message[: LONGEST_ERROR // 2]} ... {message[-LONGEST_ERROR // 2 :]}"


if __name__ == "__main__":
    main()
