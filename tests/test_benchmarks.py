"""Benchmarks and examples run outside the suite, so what they import of ours is held here."""

import ast
import importlib
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted([*ROOT.glob("benchmarks/**/*.py"), *ROOT.glob("examples/**/*.py")])


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_it_imports_of_ours_is_there(script):
    imports = [
        (str(node.module), name.name)
        for node in ast.walk(ast.parse(script.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] in ("dlapps", "cli")
        for name in node.names
    ]
    assert [pair for pair in imports if not is_there(*pair)] == []


def is_there(module: str, name: str) -> bool:
    """Whether a module has a name, or a module of that name below it."""
    parent = module.rpartition(".")[0]
    if (parent and not find_spec(parent)) or not find_spec(module):
        return False
    found = importlib.import_module(module)
    is_package = hasattr(found, "__path__")
    return hasattr(found, name) or (is_package and find_spec(f"{module}.{name}") is not None)
