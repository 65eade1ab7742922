"""What the server counts, in the text format that Prometheus reads."""

import bisect
from collections.abc import Iterable, Mapping, Sequence

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Labels = tuple[str, ...]


class Counter:
    """How often something happened, by the values of its labels."""

    kind = "counter"

    def __init__(self, name: str, text: str, labels: Sequence[str]):
        self.name = name
        self.text = text
        self.labels = tuple(labels)
        self._counts: dict[Labels, float] = {}

    def add(self, *labels: str, amount: float = 1) -> None:
        """Counts once more; `labels` are the values, in the order of their names."""
        self._counts[labels] = self._counts.get(labels, 0) + amount

    def lines(self) -> Iterable[str]:
        """Its samples, a line each."""
        for labels, count in sorted(self._counts.items()):
            yield sample(self.name, zip(self.labels, labels, strict=True), count)


class Histogram:
    """How large something was, by the values of its labels."""

    kind = "histogram"

    def __init__(self, name: str, text: str, labels: Sequence[str], bounds: Sequence[float]):
        self.name = name
        self.text = text
        self.labels = tuple(labels)
        self.bounds = tuple(bounds)
        self._counts: dict[Labels, list[int]] = {}
        self._sums: dict[Labels, float] = {}

    def observe(self, value: float, *labels: str) -> None:
        """Counts the value where it falls."""
        counts = self._counts.setdefault(labels, [0] * (len(self.bounds) + 1))
        counts[bisect.bisect_left(self.bounds, value)] += 1
        self._sums[labels] = self._sums.get(labels, 0.0) + value

    def lines(self) -> Iterable[str]:
        """Its samples, a line each: how many were at most each bound, their sum and number."""
        for labels, counts in sorted(self._counts.items()):
            named = list(zip(self.labels, labels, strict=True))
            below = 0
            for bound, count in zip((*map(str, self.bounds), "+Inf"), counts, strict=True):
                below += count
                yield sample(f"{self.name}_bucket", [*named, ("le", bound)], below)
            yield sample(f"{self.name}_sum", named, self._sums[labels])
            yield sample(f"{self.name}_count", named, below)


def sample(name: str, labels: Iterable[tuple[str, str]], value: float) -> str:
    """One line of the format."""
    written = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels)
    return f"{name}{{{written}}} {value}" if written else f"{name} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


class Metrics:
    """All that one server counts. It is written to in the thread of the event loop only."""

    def __init__(self) -> None:
        self.requests = Counter(
            "dlapps_requests_total",
            "Requests for predictions answered, by HTTP status.",
            ["model", "status"],
        )
        self.seconds = Histogram(
            "dlapps_request_seconds",
            "From a request's last byte to its answer.",
            ["model"],
            SECONDS,
        )
        self.call_rows = Histogram(
            "dlapps_call_rows", "Rows in one call of a signature.", ["model", "signature"], ROWS
        )
        self.call_requests = Histogram(
            "dlapps_call_requests",
            "Requests joined in one call of a signature.",
            ["model", "signature"],
            ROWS,
        )

    def page(self, served: Mapping[str, int]) -> str:
        """The text that Prometheus reads; `served` is the version of each model that answers."""
        lines = []
        for metric in (self.requests, self.seconds, self.call_rows, self.call_requests):
            lines += [f"# HELP {metric.name} {metric.text}", f"# TYPE {metric.name} {metric.kind}"]
            lines += metric.lines()
        name = "dlapps_model_version"
        lines += [f"# HELP {name} The version that is served.", f"# TYPE {name} gauge"]
        lines += [sample(name, [("model", model)], number) for model, number in served.items()]
        return "\n".join([*lines, ""])
