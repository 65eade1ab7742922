"""Serving exported models over HTTP."""

import gc
from pathlib import Path

import click

from cli.amount import Amount
from cli.paths import PATH
from cli.tensorflow_startup import start_tensorflow


def _read_sizes(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[int, ...]:
    """The sizes in a list such as 1,8,64."""
    parts = [part.strip() for part in value.split(",")] if value else []
    if not all(part.isascii() and part.isdigit() and 0 < int(part) < 10**6 for part in parts):
        raise click.BadParameter("give numbers of rows, such as 1,8,64.")
    return tuple(int(part) for part in parts)


@click.command()
@click.argument("directory", metavar="DIR", type=PATH)
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0 for all machines.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8501, show_default=True, help="0 for any."
)
@click.option(
    "--batch-size",
    type=click.IntRange(1),
    default=64,
    show_default=True,
    help="Most rows that are joined into one call; 1 joins nothing.",
)
@click.option(
    "--batch-wait",
    type=Amount(0, 10_000),
    default=0.0,
    show_default=True,
    help="Milliseconds that a request waits for others while its model is idle.",
)
@click.option(
    "--batch-sizes",
    metavar="N,N,...",
    callback=_read_sizes,
    help="Pad each call to the next of these numbers of rows.  [default: no padding]",
)
@click.option(
    "--threads",
    type=click.IntRange(1, 1024),
    default=4,
    show_default=True,
    help="Calls of TensorFlow side by side, over all models.",
)
@click.option(
    "--largest-body",
    type=Amount(0, 10_000, min_open=True),
    default=32.0,
    show_default=True,
    help="MiB of one request.",
)
@click.option(
    "--most-values",
    type=click.IntRange(1),
    default=4 * 2**20,
    show_default=True,
    help="Numbers or strings in one input of one request.",
)
@click.option(
    "--poll",
    type=Amount(0.01, 86_400),
    default=1.0,
    show_default=True,
    help="Seconds between two looks for new versions.",
)
def serve(
    directory: Path,
    host: str,
    port: int,
    batch_size: int,
    batch_wait: float,
    batch_sizes: tuple[int, ...],
    threads: int,
    largest_body: float,
    most_values: int,
    poll: float,
) -> None:
    """Serve every model below DIR by TF Serving's REST API.

    A model is a folder NAME/VERSION, as export writes it; the highest version answers, and a new
    one takes over while the server runs. SIGTERM and Ctrl-C end it when all is answered.
    """
    from dlapps.serving.layout import check_models_directory

    # What takes seconds to start comes after what may be wrong.
    check_models_directory(directory)
    from dlapps.serving.server import bound_socket, run

    with bound_socket(host, port) as bound:
        start_tensorflow()
        # TensorFlow's own objects stay: looking through them for old models would hold up clients.
        gc.freeze()
        from dlapps.serving.app import Options, create_app
        from dlapps.serving.batching import Batching
        from dlapps.serving.page import page_routes
        from dlapps.serving.repository import Repository

        batching = Batching(largest=batch_size, longest_wait=batch_wait / 1000, sizes=batch_sizes)
        options = Options(batching, int(largest_body * 2**20), most_values, threads, poll)
        repository = Repository(directory)
        repository.open()
        run(create_app(repository, options, page_routes(repository.served)), bound)
