"""A page on which a small network learns while one watches."""

import click

from cli.tensorflow_startup import start_tensorflow


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0 for all machines.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8502, show_default=True, help="0 for any."
)
def playground(host: str, port: int) -> None:
    """Build a small network in the browser and watch it learn.

    Choose points, layers and how to learn; the page shows what every neuron sees, and the config
    that trains the same network. SIGTERM and Ctrl-C end it.
    """
    from dlapps.serving.server import bound_socket, run

    with bound_socket(host, port) as bound:
        start_tensorflow()
        from dlapps.playground.app import create_app
        from dlapps.training.hardware import choose_device

        choose_device("cpu")  # As its configs say: so small a network gains by nothing else.
        run(create_app(), bound, path="/")
