"""The command line, asked by benchmarks as anyone would ask it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def ask(*arguments: str) -> Any:
    """What `dlapps ARGUMENTS --json` prints."""
    command = [str(Path(sys.executable).with_name("dlapps")), *arguments, "--json"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
