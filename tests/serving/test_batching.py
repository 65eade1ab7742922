"""Requests joined into one call: which, how long they wait, and whose error it is."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow as tf

from dlapps.serving.batching import Batching, Queue, replies


class Doubler:
    """Doubles numbers, refuses 13, and remembers how many rows each call had."""

    def __init__(self):
        self.calls = []
        self.may_answer = threading.Event()
        self.may_answer.set()

    def __call__(self, arrays):
        assert self.may_answer.wait(10)
        self.calls.append(len(arrays["x"]))
        if 13 in arrays["x"]:
            raise tf.errors.InvalidArgumentError(None, None, "13 is refused")
        return {"y": 2 * arrays["x"]}


@pytest.fixture
def doubler():
    return Doubler()


def ask_all(doubler, batching, requests, before=lambda queue: None):
    """The answer or error of each request, all asked in one go while the first is answered."""

    async def ask(queue):
        before(queue)
        asked = [asyncio.ensure_future(queue.answer({"x": np.array(each)})) for each in requests]
        await asyncio.sleep(0.05)
        doubler.may_answer.set()
        return await asyncio.gather(*asked, return_exceptions=True)

    with ThreadPoolExecutor(4) as executor:
        return asyncio.run(ask(Queue(doubler, batching, executor)))


def test_requests_that_come_while_the_model_answers_are_joined(doubler):
    doubler.may_answer.clear()
    answers = ask_all(doubler, Batching(), [[number] for number in range(9)])
    assert [answer["y"].tolist() for answer in answers] == [[2 * n] for n in range(9)]
    assert doubler.calls == [1, 8]


def test_a_call_has_at_most_the_largest_size(doubler):
    doubler.may_answer.clear()
    requests = [[0], [1, 2], [3, 4], [5, 6, 7, 8, 9, 10], [11]]
    answers = ask_all(doubler, Batching(largest=4), requests)
    assert [answer["y"].tolist() for answer in answers] == [
        [2 * number for number in request] for request in requests
    ]
    assert doubler.calls == [1, 4, 6, 1], "one that is larger goes by itself"


def test_rows_of_another_shape_are_not_joined(doubler):
    doubler.may_answer.clear()
    answers = ask_all(doubler, Batching(), [[0], [[1, 2]], [3], [[4, 5]]])
    assert [answer["y"].tolist() for answer in answers] == [[0], [[2, 4]], [6], [[8, 10]]]
    assert sorted(doubler.calls) == [1, 1, 2]


def test_an_idle_model_waits_for_others_as_long_as_it_is_told(doubler):
    batching = Batching(largest=3, longest_wait=0.02)
    answers = ask_all(doubler, batching, [[1], [2]])
    assert [answer["y"].tolist() for answer in answers] == [[2], [4]]
    assert doubler.calls == [2]


def test_a_full_call_does_not_wait(doubler):
    answers = ask_all(doubler, Batching(largest=2, longest_wait=3600), [[1], [2]])
    assert [answer["y"].tolist() for answer in answers] == [[2], [4]]
    assert doubler.calls == [2]


def test_calls_run_side_by_side_where_they_may(doubler):
    doubler.may_answer.clear()
    answers = ask_all(doubler, Batching(calls_at_once=3), [[number] for number in range(6)])
    assert [answer["y"].tolist() for answer in answers] == [[2 * n] for n in range(6)]
    assert sorted(doubler.calls) == [1, 1, 1, 3]


def test_calls_are_padded_to_the_sizes_that_are_given(doubler):
    doubler.may_answer.clear()
    batching = Batching(sizes=(8, 2, 4))
    answers = ask_all(doubler, batching, [[number] for number in range(1, 5)])
    assert [answer["y"].tolist() for answer in answers] == [[2], [4], [6], [8]]
    assert doubler.calls == [2, 4]
    assert [batching.padded(rows) for rows in (1, 2, 3, 8, 9)] == [2, 2, 4, 8, 9]


def test_only_the_bad_request_of_a_joined_call_fails(doubler):
    requests = [{"x": np.array([number])} for number in range(16)]
    found = replies(doubler, requests)
    assert isinstance(found.pop(13), tf.errors.InvalidArgumentError)
    assert [reply["y"].tolist() for reply in found] == [
        [2 * number] for number in range(16) if number != 13
    ]
    assert sorted(doubler.calls) == [1, 1, 2, 2, 4, 4, 8, 8, 16], "not one call a request"


def test_a_client_that_leaves_disturbs_nobody(doubler):
    doubler.may_answer.clear()

    def before(queue):
        leaving = asyncio.ensure_future(queue.answer({"x": np.array([1])}))
        asyncio.get_running_loop().call_later(0.01, leaving.cancel)

    [answer] = ask_all(doubler, Batching(), [[2]], before)
    assert answer["y"].tolist() == [4]


@pytest.mark.parametrize("padded", [lambda rows: rows, lambda rows: 4])
@pytest.mark.parametrize(
    "function", [lambda x: x.sum(keepdims=True), lambda x: np.repeat(x, 2)], ids=["fewer", "more"]
)
def test_an_output_with_other_rows_is_never_shared_out(function, padded):
    requests = [{"x": np.array([1, 2])}, {"x": np.array([3])}]
    found = replies(lambda arrays: {"y": function(arrays["x"])}, requests, padded)
    for request, reply in zip(requests, found, strict=True):
        assert reply["y"].tolist() == function(request["x"]).tolist()
