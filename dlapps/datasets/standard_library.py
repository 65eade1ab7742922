"""The source of Python's own standard library: text that every Python carries."""

import sysconfig
from pathlib import Path

MODULES = (
    "argparse", "ast", "bdb", "calendar", "configparser", "csv", "datetime", "difflib", "fractions",
    "ftplib", "heapq", "inspect", "ipaddress", "mailbox", "optparse", "pickle", "pickletools",
    "random", "shutil", "smtplib", "statistics", "string", "subprocess", "tarfile", "textwrap",
    "threading", "traceback", "turtle", "typing", "uuid", "zipapp",
)  # fmt: skip
"""Modules of one file, of many trades and hands, that have long been there and will stay."""


def module_sources() -> dict[str, str]:
    """The source of each of `MODULES` that this Python has, by name; it differs between versions.

    Empty where the source was not installed.
    """
    folder = Path(sysconfig.get_path("stdlib"))
    files = {name: folder / f"{name}.py" for name in MODULES}
    return {name: file.read_text("utf-8") for name, file in files.items() if file.is_file()}
