"""TensorFlow, started late and without its noise."""

import os
import sys
import tempfile

import click


def start_tensorflow() -> None:
    """Imports TensorFlow and finds its devices while what its C++ side says is held back.

    It writes to the file descriptor before any log level applies. If starting fails, everything
    that was held back is shown.
    """
    if "tensorflow" in sys.modules:
        return
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as held_back:
        os.dup2(held_back.fileno(), 2)
        try:
            import tensorflow as tf

            tf.config.list_physical_devices()
        except BaseException:
            os.dup2(terminal, 2)
            held_back.seek(0)
            click.echo(held_back.read().decode(errors="replace"), err=True)
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
    tf.get_logger().setLevel("ERROR")
