"""`dlapps --help` and `dlapps list` answer before TensorFlow could start."""

import subprocess
import sys

import pytest

HEAVY = {"tensorflow", "tensorflow_datasets", "keras", "matplotlib", "sklearn", "optuna"}


@pytest.mark.parametrize("argument", ["--help", "list"])
def test_start_up_imports_nothing_heavy(argument):
    program = (
        "import sys\n"
        "from cli.main import main\n"
        f"sys.argv = ['dlapps', {argument!r}]\n"
        "main()\n"
        f"sys.exit(' '.join({HEAVY!r} & sys.modules.keys()) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "classification" in done.stdout


def test_the_program_also_runs_as_a_module():
    done = subprocess.run([sys.executable, "-m", "cli.main", "list"], capture_output=True)
    assert b"classification" in done.stdout
