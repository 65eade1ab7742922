"""The HTTP application of the playground: its page, and the networks that train behind it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pydantic
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dlapps.config.schema import explain_error
from dlapps.playground.probe import PLANE, SPLITS
from dlapps.playground.session import Pace, Sessions
from dlapps.playground.settings import RefusedSetting, choices, read_settings
from dlapps.serving.app import failure, http_error, read_body
from dlapps.serving.errors import RequestError
from dlapps.serving.page import FILES as SHARED_FILES
from dlapps.serving.page import HEADERS, static_routes

FILES = Path(__file__).with_name("page")
SCRIPTS = (
    "playground.js", "form.js", "network.js", "curves.js", "pencil.js", "drawing.js", "surface.js",
)  # fmt: skip
STATIC = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page/style.css": ("style.css", "text/css; charset=utf-8"),
    **{f"/page/{name}": (name, "text/javascript; charset=utf-8") for name in SCRIPTS},
}
SHARED = {"/page/elements.js": ("elements.js", "text/javascript; charset=utf-8")}
LARGEST_BODY = 100_000


def create_app() -> Starlette:
    """The application; all networks end with it."""
    endpoints = _Endpoints()

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await asyncio.to_thread(endpoints.sessions.close)

    return Starlette(
        routes=[
            *static_routes(FILES, STATIC),
            *static_routes(SHARED_FILES, SHARED),
            Route("/choices", endpoints.choices),
            Route("/networks", endpoints.begin, methods=["POST"]),
            Route("/networks/{name}", endpoints.look, methods=["GET"]),
            Route("/networks/{name}", endpoints.pace, methods=["POST"]),
            Route("/networks/{name}", endpoints.end, methods=["DELETE"]),
            Route("/networks/{name}/surface", endpoints.surface, methods=["POST"]),
        ],
        exception_handlers={
            RequestError: _refused_request,
            RefusedSetting: _refused_setting,
            HTTPException: http_error,
            Exception: failure,
        },
        lifespan=lifespan,
    )


class _Endpoints:
    """What can be asked of the playground."""

    def __init__(self) -> None:
        self.sessions = Sessions()

    async def choices(self, _request: Request) -> Response:
        """What the page offers."""
        return _json({**choices(), "extent": PLANE.extent})

    async def begin(self, request: Request) -> Response:
        """Builds the network that the settings describe, and says on which points it learns."""
        settings = read_settings(await _document(request))
        name, session = await asyncio.to_thread(self.sessions.begin, settings)
        points = {split: dict(session.data[split].columns) for split in SPLITS}
        csv = settings.data.to_csv() if settings.data.name == "drawn" else ""
        return _json({"name": name, "points": points, "csv": csv}, 201)

    async def look(self, request: Request) -> Response:
        """The network as it is, once that is newer than the look numbered `after`."""
        session = self.sessions.find(request.path_params["name"])
        after = request.query_params.get("after", "0")
        number = int(after) if after.isdecimal() and len(after) < 19 else 0
        return _json(await asyncio.to_thread(session.look, number))

    async def pace(self, request: Request) -> Response:
        """Starts, pauses, or takes steps."""
        session = self.sessions.find(request.path_params["name"])
        document = await _document(request)
        try:
            pace = Pace.model_validate(document)
        except pydantic.ValidationError as error:
            raise RefusedSetting(*explain_error(error, Pace)) from error
        await asyncio.to_thread(session.pace, pace)
        return Response(status_code=204)

    async def surface(self, request: Request) -> Response:
        """The loss over two weights, and the paths of several optimizers."""
        session = self.sessions.find(request.path_params["name"])
        chosen = read_settings({"surface": await _document(request)}).surface
        return _json(await asyncio.to_thread(session.surface, chosen))

    async def end(self, request: Request) -> Response:
        """Lets go of a network."""
        self.sessions.end(request.path_params["name"])
        return Response(status_code=204)


async def _document(request: Request) -> Any:
    """The JSON document of a request; raises RequestError."""
    # Another site's page cannot say so without asking first, which is answered by no.
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise RequestError("The body must be application/json.", 415)
    try:
        return orjson.loads(await read_body(request, LARGEST_BODY))
    except orjson.JSONDecodeError as error:
        raise RequestError("The body is no JSON.") from error


def _json(content: Any, status: int = 200) -> Response:
    body = orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(body, status, HEADERS, "application/json")


async def _refused_request(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)
    return JSONResponse({"error": str(error)}, error.status)


async def _refused_setting(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedSetting)
    return JSONResponse({"error": str(error), "field": error.setting}, 400)
