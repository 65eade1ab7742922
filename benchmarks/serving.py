"""What an exported classifier of images answers over HTTP: throughput, latency, overhead.

    python benchmarks/serving.py saved_models digits_lenet5 digit.png --seconds 60

Two servers run, one that joins requests and one that does not; many clients ask them in turns.
Every answer is compared with what the signature says when it is called directly.
"""

import argparse
import asyncio
import base64
import itertools
import json
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import uvloop

ROUNDS = 3
ALONE = 300
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


def main() -> None:
    """Prints one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("models", type=Path)
    parser.add_argument("name")
    parser.add_argument("image", type=Path)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    servers = [Server(options.models), Server(options.models, "--batch-size", "1")]
    try:
        print(json.dumps(uvloop.run(measure(servers, options)), indent=1))
    finally:
        for server in servers:
            server.process.terminate()


class Server:
    """`dlapps serve` as a process of its own."""

    def __init__(self, models: Path, *options: str):
        started = time.perf_counter()
        command = [sys.executable, "-m", "cli.main", "serve", str(models), "--port", "0", *options]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if line.startswith("Ready at "):
                self.port = int(line.split()[2].removesuffix("/v1/models/NAME").rpartition(":")[2])
                break
        else:
            raise SystemExit("The server did not start.")
        self.cpu = psutil.Process(self.process.pid).cpu_times
        self.seconds_to_start = time.perf_counter() - started


class Asked:
    """One request, as the bytes that are sent, and what its answer has to say."""

    def __init__(self, name: str, image: bytes, expected: np.ndarray):
        body = json.dumps({"instances": [{"b64": base64.b64encode(image).decode()}]})
        self.sent = (
            f"POST /v1/models/{name}:predict HTTP/1.1\r\nHost: localhost\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode()
        self.expected = expected
        self.known: set[bytes] = set()

    def check(self, body: bytes) -> None:
        """Raises where the answer is another one."""
        if body in self.known:  # The clients use the same processor as the server.
            return
        answer = np.array(json.loads(body)["predictions"][0]["probabilities"])
        np.testing.assert_allclose(answer, self.expected, atol=1e-5)
        self.known.add(body)


class Client(asyncio.Protocol):
    """Asks, and asks again as soon as it is answered; little else, as it shares the processor."""

    def __init__(self, asked: Asked, end: float):
        self.asked = asked
        self.end = end
        self.seconds: list[float] = []
        self.is_done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._got = b""

    def connection_made(self, transport: Any) -> None:
        """Asks for the first time."""
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        """Checks an answer that has come as a whole, and asks again."""
        self._got += data
        head, _, body = self._got.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if not length or len(body) < int(length[1]):
            return
        self.seconds.append(time.perf_counter() - self._started)
        try:
            assert head.startswith(b"HTTP/1.1 200"), self._got
            self.asked.check(body)
        except AssertionError as error:
            self.is_done.set_exception(error)
            return
        self._got = b""
        # The end is looked at before a request, so that none is cut off.
        if time.perf_counter() < self.end:
            self._ask()
        else:
            self.is_done.set_result(None)
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """A connection that the server ends is an answer lost."""
        if not self.is_done.done():
            self.is_done.set_exception(error or ConnectionResetError("The server hung up."))

    def _ask(self) -> None:
        self._started = time.perf_counter()
        self._transport.write(self.asked.sent)


async def latencies(server: Server, asked: Asked, clients: int, seconds: float) -> list[float]:
    """The seconds of each request of so many clients that ask without a pause."""
    loop, end = asyncio.get_running_loop(), time.perf_counter() + seconds
    found = [
        (await loop.create_connection(lambda: Client(asked, end), "127.0.0.1", server.port))[1]
        for _ in range(clients)
    ]
    await asyncio.gather(*(client.is_done for client in found))
    return list(itertools.chain(*(client.seconds for client in found)))


def direct_calls(models: Path, name: str, image: bytes) -> tuple[np.ndarray, list[float]]:
    """The probabilities of the image, and the seconds of each call of the signature."""
    import tensorflow as tf

    versions = [path for path in (models / name).iterdir() if path.name.isdigit()]
    newest = max(versions, key=lambda path: int(path.name))
    loaded = tf.saved_model.load(str(newest))
    signature, seconds = loaded.signatures["serving_default"], []
    for _ in range(ALONE):
        started = time.perf_counter()
        outputs = signature(image_bytes=tf.constant([image]))
        probabilities = outputs["probabilities"].numpy()
        outputs["label"].numpy()
        seconds.append(time.perf_counter() - started)
    return probabilities[0], seconds[ALONE // 10 :]


async def measure(servers: list[Server], options: argparse.Namespace) -> dict:
    """What was found, in milliseconds and requests a second."""
    image = options.image.read_bytes()
    probabilities, direct = direct_calls(options.models, options.name, image)
    asked = Asked(options.name, image, probabilities)
    for server in servers:
        await latencies(server, asked, options.clients, 1)
    alone = await latencies(servers[0], asked, 1, options.seconds / 2)
    found: list[list[float]] = [[], []]
    rates: list[list[float]] = [[], []]
    busy = [0.0, 0.0]
    for _ in range(ROUNDS):
        for number, server in enumerate(servers):
            before = sum(server.cpu()[:2])
            seconds = await latencies(server, asked, options.clients, options.seconds / ROUNDS)
            busy[number] += sum(server.cpu()[:2]) - before
            found[number] += seconds
            rates[number].append(len(seconds) / (options.seconds / ROUNDS))
    joined, single = map(statistics.median, rates)
    return {
        "clients": options.clients,
        "answers_checked": sum(map(len, found)),
        "seconds_to_start": [round(server.seconds_to_start, 1) for server in servers],
        "direct_call": in_milliseconds(direct),
        "one_client": in_milliseconds(alone),
        "overhead_median": round(1000 * (statistics.median(alone) - statistics.median(direct)), 2),
        "joined": {"requests_per_second": round(joined), **in_milliseconds(found[0])},
        "not_joined": {"requests_per_second": round(single), **in_milliseconds(found[1])},
        "server_cpu_milliseconds_a_request": [
            round(1000 * used / len(seconds), 3) for used, seconds in zip(busy, found, strict=True)
        ],
        "throughput_ratio": round(joined / single, 2),
    }


def in_milliseconds(seconds: list[float]) -> dict[str, float]:
    """The median and the 99th percentile."""
    p50, p99 = 1000 * np.percentile(seconds, [50, 99])
    return {"p50": round(float(p50), 2), "p99": round(float(p99), 2)}


if __name__ == "__main__":
    main()
