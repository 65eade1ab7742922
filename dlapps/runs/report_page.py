"""One HTML file that tells a run's whole story and opens without a network."""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple, TypeGuard

from matplotlib.figure import Figure

from dlapps.config.schema import Reference
from dlapps.errors import printable
from dlapps.explain.architecture.table import LayerRow, totals_of
from dlapps.explain.figures.names import field_name
from dlapps.explain.figures.png import png_bytes

LAYER_HEADER = (
    "Layer", "Kind", "Output", "Parameters", "Multiply-adds", "Bytes of output", "Sees",
)  # fmt: skip


class Picture(NamedTuple):
    """A picture with the words below it, and those for who cannot see it."""

    name: str
    """What the caption is made from."""
    content: bytes | str
    """The bytes of a PNG, or the text of an SVG, which is inlined: it must come from us."""
    description: str = ""
    film: bytes = b""
    """The bytes of a GIF that is shown in its place to whoever has nothing against motion."""

    def files(self) -> dict[str, bytes | str]:
        """What it is on disk, by the names of the files."""
        suffix = "png" if isinstance(self.content, bytes) else "svg"
        films = {f"{self.name}.gif": self.film} if self.film else {}
        return {f"{self.name}.{suffix}": self.content, **films}


def picture_of(name: str, figure: Figure) -> Picture:
    """The figure as a PNG, described by its titles."""
    titles = [figure.get_suptitle(), *(axes.get_title() for axes in figure.axes)]
    return Picture(name, png_bytes(figure), "; ".join(dict.fromkeys(filter(None, titles))))


class Headline(NamedTuple):
    """The one number that a reader came for."""

    metric: str
    value: float
    split: str
    reference: Reference | None = None
    """What was published, to stand beside it."""


class Report(NamedTuple):
    """What a report tells, in the order in which it does; what is empty is left out."""

    title: str
    subtitle: str = ""
    headline: Headline | None = None
    command: str = ""
    metrics: Mapping[str, Mapping[str, object]] = {}
    """A split to its metrics: scalars share one table, a mapping gets its own; lists, such as a
    confusion matrix, are for pictures."""
    curves: Sequence[Picture] = ()
    over_time: Sequence[Picture] = ()
    pictures: Sequence[Picture] = ()
    """The most telling first: it opens the report."""
    architecture: Sequence[Picture] = ()
    layers: Mapping[str, Sequence[LayerRow]] = {}
    """The name of each network to its layers."""
    exports: Mapping[str, Sequence[str]] = {}
    """The folder of each export to the addresses of what tells of it, seen from the report."""
    facts: Mapping[str, str] = {}
    config_text: str = ""


def report_html(report: Report) -> str:
    """The report as the text of a self-contained HTML file; all text in it is escaped."""
    best, others = report.pictures[:1], report.pictures[1:]
    sections = [
        ("Result", _result(report, best)),
        ("Metrics", _metrics(report.metrics)),
        ("Training curves", _pictures(report.curves)),
        ("Over time", _pictures(report.over_time)),
        ("Pictures", _pictures(others)),
        ("Architecture", _pictures(report.architecture) + _layers(report.layers)),
        ("Exports", _exports(report.exports)),
        ("Environment", _table([], list(report.facts.items())) if report.facts else ""),
        ("Configuration", _code(report.config_text)),
    ]
    body = "\n".join(
        f"<section><h2>{name}</h2>\n{text}</section>" for name, text in sections if text
    )
    title = escape(report.title)
    subtitle = f"<p>{escape(report.subtitle)}</p>\n" if report.subtitle else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{REPORT_CSS}</style>\n</head>\n"
        f"<body>\n<header><h1>{title}</h1>\n{subtitle}</header>\n"
        f"<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _result(report: Report, best: Sequence[Picture]) -> str:
    headline = _headline(report.headline) if report.headline else ""
    command = (
        f"<p>The command that trained it:</p>\n{_code(report.command)}" if report.command else ""
    )
    return headline + _pictures(best) + command


def _headline(headline: Headline) -> str:
    metric, value, split, reference = headline
    number = f'<strong class="headline">{number_text(value)}</strong>'
    text = f"<p>{number} {escape(field_name(metric))}, {escape(split)} split</p>"
    if reference is None:
        return text
    published = f"{number_text(reference.value)} {field_name(reference.metric)}"
    return (
        f"{text}<p>Published: <strong>{escape(published)}</strong>, {escape(reference.source)}"
        f" ({escape(reference.protocol)})</p>"
    )


def _metrics(metrics: Mapping[str, Mapping[str, object]]) -> str:
    names = dict.fromkeys(
        name
        for values in metrics.values()
        for name, value in values.items()
        if isinstance(value, int | float | str)
    )
    rows = [
        (field_name(name), *(values.get(name, "") for values in metrics.values())) for name in names
    ]
    parts = [_table(["Metric", *map(field_name, metrics)], rows)] if rows else []
    for split, values in metrics.items():
        for name, value in values.items():
            if isinstance(value, Mapping):
                summary = f"<summary>{escape(f'{field_name(name)}, {split}')}</summary>"
                parts.append(f"<details>{summary}{_nested(value)}</details>")
    return "\n".join(parts)


def _layers(tables: Mapping[str, Sequence[LayerRow]]) -> str:
    """Each network's layers, folded until they are asked for; the last row is their sum."""
    parts = []
    for name, rows in tables.items():
        cells = [
            (row.name, row.kind, row.output, *map(_count, row[3:6]), row.receptive_field)
            for row in (*rows, totals_of(rows))
        ]
        parts.append(
            f"<details><summary>{escape(name)}</summary>{_table(LAYER_HEADER, cells)}</details>"
        )
    return "\n".join(parts)


def _count(number: int | None) -> str:
    return "?" if number is None else f"{number:,}"


def _nested(values: Mapping[str, object]) -> str:
    """A table with a row a key, and a column for each inner key that any row has."""
    inner = [value for value in values.values() if isinstance(value, Mapping)]
    columns = list(dict.fromkeys(name for value in inner for name in value))
    rows = [
        (key, *(value.get(column, "") for column in columns))
        if isinstance(value, Mapping)
        else (key, value)
        for key, value in values.items()
    ]
    return _table(["Name", *map(field_name, columns)] if columns else [], rows)


def _table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    head = ""
    if header:
        cells = "".join(
            f'<th scope="col"{_number_class(index > 0 and _is_number(rows[0][index]))}>'
            f"{escape(name)}</th>"
            for index, name in enumerate(header)
        )
        head = f"<thead><tr>{cells}</tr></thead>"
    body = "\n".join(
        f'<tr><th scope="row">{escape(str(first))}</th>'
        + "".join(f"<td{_number_class(_is_number(value))}>{_text(value)}</td>" for value in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return f'<div class="wide"><table>{head}<tbody>\n{body}\n</tbody></table></div>'


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number_class(is_number: bool) -> str:
    return ' class="number"' if is_number else ""


def _text(value: object) -> str:
    if value is None:
        return "no finite number"
    return number_text(value) if _is_number(value) else escape(str(value))


def number_text(value: float) -> str:
    """A whole number in full, any other with four significant digits, zeros at the end kept."""
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e9 else f"{value:#.4g}"


def _exports(exports: Mapping[str, Sequence[str]]) -> str:
    items = []
    for folder, addresses in exports.items():
        links = [
            f'<a href="{escape(address)}">{escape(address.rpartition("/")[2])}</a>'
            for address in addresses
        ]
        items.append(f"<li>{escape(printable(folder))}: {', '.join(links)}</li>")
    return f"<ul>{''.join(items)}</ul>" if items else ""


def _pictures(pictures: Sequence[Picture]) -> str:
    return "\n".join(map(_picture, pictures))


def _picture(picture: Picture) -> str:
    words = escape(field_name(picture.name))
    if isinstance(picture.content, bytes):
        still = _data_address("image/png", picture.content)
        description = escape(picture.description) or words
        image = f'<img alt="{description}" src="{still}">'
        if picture.film:
            film = _data_address("image/gif", picture.film)
            image = (
                f'<picture><source media="(prefers-reduced-motion: reduce), print" '
                f'srcset="{still}"><img alt="{description}" src="{film}"></picture>'
            )
    else:
        # HTML has no place for the XML declaration and document type before the root element.
        image = picture.content[picture.content.index("<svg") :]
    # What is wider than the page scrolls; with a place in the order of tabs, also by keyboard.
    return f'<figure><div tabindex="0">{image}</div><figcaption>{words}</figcaption></figure>'


def _data_address(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _code(text: str) -> str:
    return f"<pre><code>{escape(text)}</code></pre>" if text else ""


REPORT_CSS = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1d2733; --pale: #5c6773;
  --line: #d9dfe5; --panel: #f5f7f9; --accent: #0072b2; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14181d; --ink: #e6eaee; --pale: #9aa6b2; --line: #323a43;
    --panel: #1d232a; --accent: #56b4e9; }
}
body { background: var(--paper); color: var(--ink); max-width: 60rem; margin: 2.5rem auto;
  padding: 0 1.5rem; font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.8rem; margin-bottom: 0; overflow-wrap: anywhere; }
header p { color: var(--pale); margin-top: 0.2rem; }
h2 { font-size: 1.25rem; margin-top: 2.5rem; padding-bottom: 0.3rem;
  border-bottom: 2px solid var(--accent); }
.headline { font-size: 2.2rem; line-height: 1.1; margin-right: 0.4rem; }
summary { color: var(--pale); font-weight: 600; margin: 1rem 0 0.5rem; cursor: pointer; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.3rem 1rem 0.3rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line); }
td { overflow-wrap: anywhere; }
th { font-weight: 600; }
tbody th { min-width: 9rem; }
thead th { color: var(--pale); }
td.number, th.number { text-align: right; padding-left: 1.5rem; white-space: nowrap; }
pre { background: var(--panel); padding: 1rem; border-radius: 6px; overflow-x: auto;
  font-size: 0.85rem; white-space: pre-wrap; overflow-wrap: anywhere; }
figure { margin: 1.5rem 0; }
figure div { background: #ffffff; border: 1px solid var(--line); border-radius: 6px;
  padding: 0.75rem; overflow-x: auto; }
figure img, figure svg { display: block; max-width: 100%; height: auto; margin: auto; }
figcaption { color: var(--pale); margin-top: 0.4rem; font-size: 0.9rem; }
"""
