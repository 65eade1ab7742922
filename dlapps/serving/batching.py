"""Requests of many clients joined into one call, so that the model is called less often."""

import asyncio
import bisect
import dataclasses
import functools
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import NamedTuple

import numpy as np

Arrays = Mapping[str, np.ndarray]
Call = Callable[[Arrays], Arrays]


@dataclasses.dataclass(frozen=True)
class Batching:
    """How requests are joined."""

    largest: int = 64
    """Rows in one call; 1 joins nothing. A request that has more is answered by itself."""
    longest_wait: float = 0.0
    """Seconds that a request waits for others while the model has nothing to do. Those that come
    while it answers are joined without it."""
    sizes: Sequence[int] = ()
    """Rows that a call is padded to, the next larger of these; by default it is not padded."""
    calls_at_once: int = 1
    """Calls of one signature that run side by side."""

    def padded(self, rows: int) -> int:
        """The rows of a call for so many."""
        sizes = sorted(self.sizes)
        place = bisect.bisect_left(sizes, rows)
        return sizes[place] if place < len(sizes) else rows


class _Question(NamedTuple):
    arrays: Arrays
    rows: int
    reply: asyncio.Future
    asked: float


class Queue:
    """Where the requests of one signature wait until they are answered together.

    All but `call` runs in the thread of the event loop.
    """

    def __init__(
        self,
        call: Call,
        batching: Batching,
        executor: Executor,
        observe: Callable[[int, int], None] = lambda requests, rows: None,
    ):
        self._call = call
        self._batching = batching
        self._executor = executor
        self._observe = observe
        # By the shape of a row: only what has the same can be one array.
        self._waiting: dict[object, deque[_Question]] = {}
        self._running = 0
        self._timer: asyncio.TimerHandle | None = None

    async def answer(self, arrays: Arrays) -> Arrays:
        """The outputs for the rows of `arrays`. Raises what the call raises for them alone."""
        loop = asyncio.get_running_loop()
        rows = len(next(iter(arrays.values())))
        question = _Question(arrays, rows, loop.create_future(), loop.time())
        shape_of_row = tuple((name, arrays[name].shape[1:]) for name in sorted(arrays))
        self._waiting.setdefault(shape_of_row, deque()).append(question)
        self._start_calls(loop)
        return await question.reply

    def _start_calls(self, loop: asyncio.AbstractEventLoop) -> None:
        """Starts as many calls as may run now, the longest waiting first."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        while self._waiting and self._running < self._batching.calls_at_once:
            key = min(self._waiting, key=lambda key: self._waiting[key][0].asked)
            due = self._waiting[key][0].asked + self._batching.longest_wait
            full = [key for key in self._waiting if self._is_full(key)]
            if due > loop.time() and not full:
                self._timer = loop.call_at(due, self._start_calls, loop)
                return
            self._running += 1
            loop.create_task(self._run(self._take(key if due <= loop.time() else full[0])))

    def _is_full(self, key: object) -> bool:
        return sum(question.rows for question in self._waiting[key]) >= self._batching.largest

    def _take(self, key: object) -> list[_Question]:
        """The first that wait there, as many as one call may answer."""
        waiting = self._waiting[key]
        taken = [waiting.popleft()]
        rows = taken[0].rows
        while waiting and rows + waiting[0].rows <= self._batching.largest:
            rows += waiting[0].rows
            taken.append(waiting.popleft())
        if not waiting:
            del self._waiting[key]
        return taken

    async def _run(self, questions: Sequence[_Question]) -> None:
        loop = asyncio.get_running_loop()
        self._observe(len(questions), sum(question.rows for question in questions))
        work = functools.partial(
            replies, self._call, [question.arrays for question in questions], self._batching.padded
        )
        try:
            found = await loop.run_in_executor(self._executor, work)
        except Exception as error:
            found = [error] * len(questions)
        finally:
            self._running -= 1
        for question, reply in zip(questions, found, strict=True):
            if question.reply.done():
                continue  # It was cancelled, as what is unanswered at the end is.
            if isinstance(reply, Exception):
                question.reply.set_exception(reply)
            else:
                question.reply.set_result(reply)
        self._start_calls(loop)


def replies(
    call: Call, requests: Sequence[Arrays], padded: Callable[[int], int] = lambda rows: rows
) -> list[Arrays | Exception]:
    """The outputs for each request, or the error that it alone is to blame for.

    Where a joined call fails, each half is asked by itself, so that one bad request among n costs
    about 2 log2(n) calls and its neighbours nothing but time.
    """
    ends = np.cumsum([len(next(iter(request.values()))) for request in requests])
    rows = int(ends[-1])
    padding = padded(rows) - rows if rows else 0
    try:
        outputs = call(_joined(requests, padding))
    except Exception as error:
        if len(requests) == 1:
            return [error]
        return _halves(call, requests, padded)
    if len(requests) == 1 and not padding:
        return [outputs]
    if any(len(output) != rows + padding for output in outputs.values()):
        # Nobody can say whose row is whose.
        return _halves(call, requests, padded) if len(requests) > 1 else replies(call, requests)
    return [
        {name: output[start:end] for name, output in outputs.items()}
        for start, end in zip([0, *ends[:-1]], ends, strict=True)
    ]


def _halves(
    call: Call, requests: Sequence[Arrays], padded: Callable[[int], int]
) -> list[Arrays | Exception]:
    half = len(requests) // 2
    return [*replies(call, requests[:half], padded), *replies(call, requests[half:], padded)]


def _joined(requests: Sequence[Arrays], padding: int) -> Arrays:
    """One array an input, its last row repeated: what the model can read of it, it can again."""
    if len(requests) == 1 and not padding:
        return requests[0]
    joined = {}
    for name in requests[0]:
        parts = [request[name] for request in requests]
        if padding:
            parts.append(np.repeat(parts[-1][-1:], padding, axis=0))
        joined[name] = np.concatenate(parts)
    return joined
