"""What applications and configs there are, found without importing one of them."""

import ast
import importlib.util
from pathlib import Path

from dlapps.applications import application_names
from dlapps.config.files import config_files, load_yaml, read_text


def summary_of(application: str) -> str:
    """The first sentence of an application module's docstring."""
    spec = importlib.util.find_spec(f"dlapps.applications.{application}")
    assert spec is not None
    assert spec.origin is not None, "an application is a file"
    docstring = ast.get_docstring(ast.parse(Path(spec.origin).read_text("utf-8"))) or ""
    return docstring.partition("\n")[0]


def describe_applications() -> list[dict]:
    """Every application with its configs and what data each config needs."""
    return [
        {
            "name": name,
            "summary": summary_of(name),
            "configs": [
                {"name": file.name, "summary": file.summary, "needs": _needs(file.path)}
                for file in config_files(name)
            ],
        }
        for name in application_names()
    ]


def _needs(path) -> str:
    from dlapps.data.sources.published import is_downloadable, published_names

    data = load_yaml(read_text(path), str(path)).get("data", {})
    if data.get("name") in published_names():
        downloaded = "downloaded, or " if is_downloadable(data["name"]) else ""
        return f"{data['name']} ({downloaded}raw files in DLAPPS_MANUAL_DIR)"
    if "path" in data:
        return "your own data: --set data.path=PATH"
    return "nothing: the data comes with dlapps"
