"""Which room may use which: the rules of the house, and proof that breaking one is noticed."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

FOUNDATION = {"errors", "files", "progress", "settings", "suggestions"}
CONFIGS = {"config", "config_errors", "config_files"}

# What a room of dlapps (a folder or a module) uses beside itself and the foundation. A dotted
# name stands for that module alone.
MAY_USE = {
    "application": {"config", "data", "training.validation"},
    "applications": {
        "application", "config", "data", "models", "layers", "losses", "metrics", "environments",
        "training", "export", "explain", "decoding",
    },
    "config": {"config_errors", "config_files", "training.settings"},
    "config_errors": set(),
    "config_files": set(),
    "data": {"datasets"},
    "datasets": set(),
    "environment": {"data.splits"},
    "decoding": set(),
    "environments": {"data.batches", "data.splits"},
    "explain": set(),
    "export": set(),
    "layers": set(),
    "losses": set(),
    "metrics": set(),
    "models": {"layers"},
    "reporting": {"runs", "explain"},
    "run_directories": {"runs", "applications", "training.distribution", *CONFIGS},
    "runs": {"application", "data", "environment", "export", "training", *CONFIGS},
    "training": {"data.batches", "data.splits"},
} | {room: set() for room in FOUNDATION}  # fmt: skip

# These draw, measure or compute, and could be lifted out of this house as they are.
WITHOUT_FOUNDATION = {
    "explain", "layers", "losses", "metrics", "decoding", "datasets", *FOUNDATION,
}  # fmt: skip
EXCEPTIONS = {("datasets", "errors"), ("files", "errors")}

ONLY_IN = {"click": ("cli/",), "yaml": ("dlapps/config_files.py",)}

# Imported by `dlapps --help` and `dlapps list`, which answer before TensorFlow could start.
LIGHT = (
    "cli/", "dlapps/__init__.py", "dlapps/application.py", "dlapps/applications/__init__.py",
    "dlapps/config_files.py", *(f"dlapps/{name}.py" for name in sorted(FOUNDATION)),
)  # fmt: skip
HEAVY = {"tensorflow", "tensorflow_datasets", "keras", "matplotlib", "sklearn"}


def violations(root: Path) -> list[str]:
    """A line for each import in the tree at `root` that breaks a rule."""
    files = sorted([*root.glob("cli/**/*.py"), *root.glob("dlapps/**/*.py")])
    return [
        f"{file.relative_to(root)}: {problem}"
        for file in files
        for problem in _problems(file.relative_to(root), ast.parse(file.read_text()))
    ]


def _problems(file: Path, tree: ast.Module) -> Iterator[str]:
    for module in sorted(set(_imported(tree.body, file, inside=True))):
        package = module.partition(".")[0]
        allowed = ONLY_IN.get(package, ("",))
        if not str(file).startswith(allowed):
            yield f"{package} is only for {allowed[0]}"
        if package == "cli" and file.parts[0] == "dlapps":
            yield "cli is used by nobody"
        if package == "dlapps" and file.parts[0] == "dlapps" and module != "dlapps":
            yield from _trespass(file, module.removeprefix("dlapps."))
    if str(file).startswith(LIGHT):
        for module in sorted(set(_imported(tree.body, file, inside=False))):
            if module.partition(".")[0] in HEAVY:
                yield f"{module} is imported at start-up"


def _trespass(file: Path, target: str) -> Iterator[str]:
    """A line if `file`, of dlapps, may not use the module `target` of dlapps."""
    parts = file.with_suffix("").parts[1:]
    room, target_parts = parts[0], target.split(".")
    if room == "__init__":
        yield f"dlapps itself uses nothing, not {target}"
    elif room == target_parts[0]:
        if room == "applications" and len(parts) > 1 and parts[1] != "__init__":
            own = len(target_parts) == 1 or target_parts[1] == parts[1]
            if not own:
                yield f"applications never use each other: {target}"
    elif room not in MAY_USE:
        yield f"there is no rule for the room {room}"
    elif not _allowed(room, target_parts):
        yield f"{room} may not use {target}"


def _allowed(room: str, target: list[str]) -> bool:
    if (room, target[0]) in EXCEPTIONS:
        return True
    if target[0] in FOUNDATION:
        return room not in WITHOUT_FOUNDATION
    return not MAY_USE[room].isdisjoint({target[0], ".".join(target[:2])})


def _imported(body: list[ast.stmt], file: Path, inside: bool) -> Iterator[str]:
    """The full names of all modules imported, those `inside` functions and type checks too."""
    for statement in body:
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom):
            yield from _imported_from(statement, file)
        elif inside or not _is_deferred(statement):
            children = [n for n in ast.iter_child_nodes(statement) if isinstance(n, _BLOCKS)]
            yield from _imported(children, file, inside)


_BLOCKS = (ast.stmt, ast.excepthandler, ast.match_case)


def _is_deferred(statement: ast.stmt) -> bool:
    is_type_check = isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.dump(statement.test)
    return is_type_check or isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef)


def _imported_from(statement: ast.ImportFrom, file: Path) -> Iterator[str]:
    base = statement.module or ""
    if statement.level:
        package = file.parent.parts[: len(file.parent.parts) - statement.level + 1]
        base = ".".join((*package, *filter(None, [base])))
    # What a package hands out is a module of its own: `from dlapps import runs`.
    if base in ("dlapps", *(f"dlapps.{room}" for room in MAY_USE)):
        names = (alias.name for alias in statement.names)
        yield from (f"{base}.{name}" for name in names if not name.startswith("__"))
    else:
        yield base


def test_every_room_keeps_to_its_neighbours():
    assert violations(ROOT) == []


def test_every_room_has_a_rule():
    rooms = {path.stem for path in (ROOT / "dlapps").iterdir() if path.suffix in (".py", "")}
    assert rooms - {"__init__", "__pycache__", "configs"} <= MAY_USE.keys()


@pytest.mark.parametrize(
    ("file", "line", "problem"),
    [
        ("dlapps/models/a.py", "from dlapps.training.loop import train", "models may not use"),
        ("dlapps/models/a.py", "def f():\n    import dlapps.runs", "models may not use"),
        ("dlapps/models/a.py", "from ..training import loop", "models may not use"),
        ("dlapps/explain/a.py", "from dlapps.errors import UsageError", "explain may not use"),
        ("dlapps/metrics/a.py", "from dlapps import files", "metrics may not use"),
        ("dlapps/training/a.py", "from dlapps.data.images import x", "training may not use"),
        ("dlapps/training/a.py", "from dlapps.data import images", "training may not use"),
        ("dlapps/export/a.py", "import dlapps.models.mlp", "export may not use"),
        ("dlapps/data/a.py", "from dlapps.training import loop", "data may not use"),
        ("dlapps/datasets/a.py", "from dlapps.settings import x", "datasets may not use"),
        ("dlapps/errors.py", "from dlapps.files import x", "errors may not use"),
        ("dlapps/files.py", "from dlapps.settings import x", "files may not use"),
        ("dlapps/config.py", "from dlapps.training.loop import x", "config may not use"),
        ("dlapps/applications/a.py", "from dlapps.applications.b import B", "each other"),
        ("dlapps/applications/a.py", "from . import b", "each other"),
        ("dlapps/applications/a.py", "from dlapps.runs import Run", "applications may not use"),
        ("dlapps/runs.py", "from cli.main import main", "cli is used by nobody"),
        ("dlapps/runs.py", "from dlapps.explain.curves import x", "runs may not use"),
        ("dlapps/runs.py", "import click", "click is only for cli/"),
        ("cli/a.py", "def f():\n    import yaml", "yaml is only for dlapps/config_files.py"),
        ("cli/a.py", "import tensorflow as tf", "tensorflow is imported at start-up"),
        ("cli/a.py", "try:\n    import keras\nexcept ImportError:\n    pass", "at start-up"),
        ("dlapps/files.py", "from matplotlib import pyplot", "at start-up"),
        ("dlapps/attic/a.py", "from dlapps.errors import x", "no rule for the room attic"),
    ],
)
def test_a_trespass_is_noticed(tmp_path, file, line, problem):
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(line + "\n")
    found = violations(tmp_path)
    assert found
    assert all(text.startswith(f"{file}: ") and problem in text for text in found), found


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("cli/a.py", "import click\nfrom dlapps.reporting import explain_run"),
        ("cli/a.py", "def f():\n    import tensorflow"),
        ("dlapps/application.py", "if TYPE_CHECKING:\n    import keras"),
        ("dlapps/applications/a.py", "from dlapps.explain.curves import x\nimport keras"),
        ("dlapps/datasets/a.py", "from dlapps.errors import UsageError"),
        ("dlapps/training/a.py", "from dlapps.data.batches import Batches"),
        ("dlapps/training/a.py", "from dlapps.data import splits\nfrom dlapps import __version__"),
        ("dlapps/models/a.py", "from dlapps.models.b import b\nfrom dlapps.layers.c import C"),
    ],
)
def test_what_is_allowed_is_let_through(tmp_path, file, line):
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(line + "\n")
    assert violations(tmp_path) == []


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
