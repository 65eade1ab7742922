"""The HTTP application: TF Serving's REST API, whether it is well, and what it counts."""

import asyncio
import contextlib
import dataclasses
import functools
import logging
import re
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import tensorflow as tf
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from dlapps.errors import in_short, reason
from dlapps.serving import metrics, rest
from dlapps.serving.batching import Batching, Queue
from dlapps.serving.errors import RequestError
from dlapps.serving.model import Arrays, Model, Signature
from dlapps.serving.repository import Repository

logger = logging.getLogger(__name__)

PREDICT = re.compile(r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>\d{1,18}))?:predict")
STATUS = re.compile(
    r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>\d{1,18}))?(?P<metadata>/metadata)?"
)
LARGE_BODY = 100_000
"""Bytes of a request, or values of an answer, that are read or written in another thread, between
whose longest steps others get their turn."""
SECONDS_TO_SEND = 60
"""That a client may take for the body of its request."""
MOST_WAITING = 1000
"""Requests that are answered at a time; more are told to come back."""


@dataclasses.dataclass(frozen=True)
class Options:
    """How the server answers."""

    batching: Batching = dataclasses.field(default_factory=Batching)
    largest_body: int = 32 * 2**20
    """Bytes of one request."""
    most_values: int = 4 * 2**20
    """Numbers or strings in one input of one request."""
    threads: int = 4
    """Calls of TensorFlow that run side by side, over all models."""
    poll_seconds: float = 1.0
    """Between two looks for new versions."""


def create_app(
    repository: Repository, options: Options | None = None, routes: Sequence[BaseRoute] = ()
) -> ASGIApp:
    """The application; `routes` are further ones of its pages.

    It polls `repository`, which is open, for new versions as long as it runs.
    """
    options = options or Options()
    server = _Server(repository, options)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        repository.watch(options.poll_seconds)
        try:
            yield
        finally:
            await asyncio.to_thread(repository.close)
            server.executor.shutdown()

    pages = Starlette(
        routes=[
            Route("/v1/models/{rest:path}", server.models, methods=["GET", "POST"]),
            Route("/healthz", server.health),
            Route("/metrics", server.metrics_page),
            *routes,
        ],
        exception_handlers={HTTPException: http_error, Exception: failure},
        lifespan=lifespan,
    )

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        # Most requests are for predictions, which Starlette's layers would take a tenth longer.
        is_post = scope["type"] == "http" and scope["method"] == "POST"
        if is_post and (model := PREDICT.fullmatch(scope["path"])):
            await server.predict(**model.groupdict(), request=Request(scope, receive), send=send)
        else:
            await pages(scope, receive, send)

    return app


class _Server:
    """The endpoints, and what they share."""

    def __init__(self, repository: Repository, options: Options):
        self.repository = repository
        self.options = options
        self.metrics = metrics.Metrics()
        self.executor = ThreadPoolExecutor(options.threads, "tensorflow")
        self._answering = 0

    async def health(self, _request: Request) -> Response:
        """Whether any model answers, and which."""
        served = {each.name: each.version for each in self.repository.served()}
        return JSONResponse(
            {"status": "ok" if served else "no model", "models": served}, 200 if served else 503
        )

    async def metrics_page(self, _request: Request) -> Response:
        """The counts."""
        served = {each.name: each.version for each in self.repository.served()}
        return Response(self.metrics.page(served), media_type=metrics.CONTENT_TYPE)

    async def models(self, request: Request) -> Response:
        """Status and metadata of a model."""
        found = STATUS.fullmatch(request.scope["path"])
        if request.method == "POST" or not found:
            return _refusal(_no_such_address(request))
        try:
            return JSONResponse(self._document(**found.groupdict()))
        except RequestError as error:
            return _refusal(error)

    def _document(self, name: str, version: str | None, metadata: str | None) -> dict[str, Any]:
        number = int(version) if version else None
        if metadata:
            return rest.metadata_document(self.repository.find(name, number))
        states = self.repository.states(name)
        if number is not None:
            if number not in states:
                raise RequestError(f"The model {in_short(name)} has no version {number}.", 404)
            states = {number: states[number]}
        return rest.status_document(states)

    async def predict(self, name: str, version: str | None, request: Request, send: Send) -> None:
        """Sends the answer of a model to what is asked of it."""
        known, started, number = "", time.perf_counter(), int(version) if version else None
        try:
            # Only such names become labels: others may be anything.
            known = self.repository.find(name, number).name
            body = await read_body(request, self.options.largest_body)
            # Not before the body is there: a model that is in use is not unloaded.
            with self.repository.find(name, number) as model:
                started = time.perf_counter()
                response = Response(
                    await self._answered(model, body), media_type="application/json"
                )
        except RequestError as error:
            response = _refusal(error)
        except ClientDisconnect:
            response = _refusal(RequestError("The client left before its request was whole."))
        except tf.errors.OpError as error:
            response = _refusal(_blame(error))
        except Exception as error:
            logger.exception("%s was not answered", in_short(request.scope["path"]))
            response = await failure(request, error)
        self.metrics.requests.add(known, str(response.status_code))
        if known:
            self.metrics.seconds.observe(time.perf_counter() - started, known)
        await response(request.scope, request.receive, send)

    async def _answered(self, model: Model, body: bytes) -> bytes:
        """The body of the answer. Raises RequestError, or tf.errors.OpError where the call does."""
        if self._answering >= MOST_WAITING:
            raise RequestError(f"{MOST_WAITING} requests are being answered; try again later.", 503)
        self._answering += 1
        try:
            read = functools.partial(
                rest.read_predict, body, model.signatures, self.options.most_values
            )
            question = await _beside(read, len(body) > LARGE_BODY)
            outputs = await self._outputs(model, question.signature, question.inputs)
            write = functools.partial(rest.predict_answer, outputs, question.by_rows)
            return await _beside(write, sum(each.size for each in outputs.values()) > LARGE_BODY)
        finally:
            self._answering -= 1

    async def _outputs(self, model: Model, signature: Signature, inputs: Arrays) -> Arrays:
        """What the signature answers, in one call with others where nobody would notice."""
        if signature.is_joinable and rest.rows_of(inputs) and self.options.batching.largest > 1:
            return await self._queue(model, signature).answer(inputs)
        loop = asyncio.get_running_loop()
        self._observe(model, signature, 1, rest.rows_of(inputs) or 0)
        return await loop.run_in_executor(self.executor, signature, inputs)

    def _queue(self, model: Model, signature: Signature) -> Queue:
        if signature.name not in model.queues:
            observe = functools.partial(self._observe, model, signature)
            model.queues[signature.name] = Queue(
                signature, self.options.batching, self.executor, observe
            )
        return model.queues[signature.name]

    def _observe(self, model: Model, signature: Signature, requests: int, rows: int) -> None:
        self.metrics.call_requests.observe(requests, model.name, signature.name)
        self.metrics.call_rows.observe(rows, model.name, signature.name)


async def _beside(work: functools.partial, is_large: bool) -> Any:
    """The result of the work, in a thread of its own where it takes long."""
    return await asyncio.to_thread(work) if is_large else work()


async def read_body(request: Request, largest: int) -> bytes:
    """The body. Raises RequestError before more of it than `largest` bytes was kept."""
    said = request.headers.get("content-length", "")
    if said.isdigit() and int(said) > largest:
        raise _too_large(largest)
    parts, size = [], 0
    try:
        async with asyncio.timeout(SECONDS_TO_SEND):
            async for part in request.stream():
                size += len(part)
                if size > largest:
                    raise _too_large(largest)
                parts.append(part)
    except TimeoutError:
        raise RequestError(f"The body took more than {SECONDS_TO_SEND} s to send.", 408) from None
    return b"".join(parts)


def _too_large(largest: int) -> RequestError:
    return RequestError(f"The body has more than {largest} bytes.", 413)


def _no_such_address(request: Request) -> RequestError:
    path = in_short(request.scope["path"])
    if request.method == "POST":
        return RequestError(
            f"{path} takes no POST; /v1/models/NAME[/versions/N]:predict does.", 404
        )
    return RequestError(
        f"There is nothing at {path}; known are /v1/models/NAME[/versions/N][/metadata].", 404
    )


def _blame(error: tf.errors.OpError) -> RequestError:
    """Who is to blame that TensorFlow failed: what was asked, or what it was asked of."""
    message = f"The model cannot answer: {reason(error)}."
    if isinstance(error, tf.errors.InvalidArgumentError | tf.errors.OutOfRangeError):
        return RequestError(message, 400)
    if isinstance(error, tf.errors.ResourceExhaustedError):
        return RequestError(message, 503)
    return RequestError(message, 500)


def _refusal(error: RequestError) -> JSONResponse:
    headers = {"retry-after": "1"} if error.status == 503 else None
    return JSONResponse({"error": str(error)}, error.status, headers)


async def http_error(request: Request, error: Exception) -> Response:
    """Starlette's own refusals, of addresses and methods, in the form of all others."""
    assert isinstance(error, HTTPException)
    message = f"{request.method} {in_short(request.scope['path'])}: {error.detail}."
    return JSONResponse({"error": message}, error.status_code, error.headers)


async def failure(_request: Request, error: Exception) -> Response:
    """An error of this program: the client hears of it; the server's log has the traceback."""
    return JSONResponse({"error": f"{type(error).__name__}: {reason(error)}."}, 500)
