"""The page at `/` that tries every served model from a browser, made from their `model.json`."""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, Protocol

import pydantic
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from dlapps.export.description import MODEL_JSON

FILES = Path(__file__).with_suffix("")
SCRIPTS = ("page.js", "editors.js", "elements.js", "explanation.js", "views.js")
STATIC = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page/style.css": ("style.css", "text/css; charset=utf-8"),
    **{f"/page/{name}": (name, "text/javascript; charset=utf-8") for name in SCRIPTS},
}
HEADERS = {
    # Whatever a model is called, nothing but our own script runs, and nothing is fetched elsewhere.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data: blob:; media-src blob:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


class _Tensor(pydantic.BaseModel, extra="allow"):
    dtype: str
    shape: list[int | None]
    kind: str
    description: str


class _Description(pydantic.BaseModel):
    """What the page needs of a `model.json`; it may say more."""

    signatures: dict[str, dict[Literal["inputs", "outputs"], dict[str, _Tensor]]]


class Served(Protocol):
    """A version of a model that answers requests now."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> int: ...

    @property
    def directory(self) -> Path: ...


def page_routes(served: Callable[[], Iterable[Served]]) -> list[Route]:
    """The routes of the page; `served` tells which models there are at the time of asking."""

    def models(request: Request) -> Response:
        return JSONResponse([_described(model) for model in served()], headers=HEADERS)

    return [*static_routes(FILES, STATIC), Route("/page/models.json", models)]


def static_routes(directory: Path, files: Mapping[str, tuple[str, str]]) -> list[Route]:
    """A route for each address, whose file of that name and media type lies in `directory`."""

    def route(address: str, name: str, media_type: str) -> Route:
        def send(request: Request) -> Response:
            return FileResponse(directory / name, media_type=media_type, headers=HEADERS)

        return Route(address, send)

    return [route(address, *file) for address, file in files.items()]


def _described(model: Served) -> dict[str, Any]:
    """What the page is told of a model: what it takes and gives, or why that is not known."""
    about: dict[str, Any] = {"name": model.name, "version": model.version}
    try:
        contents = (model.directory / MODEL_JSON).read_bytes()
        described = about | _Description.model_validate_json(contents).model_dump()
        json.dumps(described, allow_nan=False)  # One that cannot be sent would take all others.
        return described
    except FileNotFoundError:
        problem = f"It has no {MODEL_JSON}, so this page cannot tell what it takes."
    except (OSError, ValueError):
        problem = f"Its {MODEL_JSON} cannot be read, so this page cannot tell what it takes."
    return {**about, "problem": problem}
