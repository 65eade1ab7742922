"""What a run ran on: versions, commit, hardware; enough to judge a number by."""

import importlib.metadata
import os
import platform
import resource
import subprocess
import sys
from pathlib import Path

import tensorflow as tf

PACKAGES = ("dlapps", "tensorflow", "keras", "numpy", "tensorflow-datasets", "scikit-learn")


def describe_machine() -> dict[str, object]:
    """Plain values for environment.json."""
    return {
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "commit": _commit(),
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": int(os.environ.get("TF_NUM_INTRAOP_THREADS", 0)) or os.cpu_count(),
        "gpus": [
            tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name)
            for gpu in tf.config.get_visible_devices("GPU")
        ],
    }


def peak_memory() -> int:
    """The most main memory, in bytes, that this process has held so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _commit() -> str | None:
    """The commit of the checkout this package lies in, marked when it has changes; else None."""
    package = Path(__file__).parents[1]
    if not (package.parent / ".git").exists():
        return None
    command = ["git", "-C", str(package), "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
