"""One HTML file that tells a run's whole story and opens without a network."""

import base64
from collections.abc import Mapping, Sequence
from html import escape


def report_html(
    title: str,
    facts: Mapping[str, str],
    config_text: str,
    metrics: Mapping[str, Mapping[str, object]],
    pictures: Mapping[str, bytes | str],
) -> str:
    """The report as the text of a self-contained HTML file.

    `metrics` maps a split to its metrics: scalars share one table, a mapping gets its own.
    `pictures` maps a name, which becomes the caption, to the bytes of a PNG or the text of an SVG.
    An SVG is inlined as it is and must come from a trusted source; all else is escaped.
    """
    sections = [
        ("Metrics", _metrics(metrics)),
        ("Pictures", "\n".join(_picture(name, content) for name, content in pictures.items())),
        ("Environment", _table([], list(facts.items())) if facts else ""),
        ("Configuration", f"<pre>{escape(config_text)}</pre>" if config_text else ""),
    ]
    body = "\n".join(
        f"<section><h2>{name}</h2>\n{text}</section>" for name, text in sections if text
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{REPORT_CSS}</style>\n</head>\n"
        f"<body>\n<h1>{escape(title)}</h1>\n{body}\n</body>\n</html>\n"
    )


def caption(name: str) -> str:
    """A name such as `confusion_matrix` as words: "Confusion matrix"."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def _metrics(metrics: Mapping[str, Mapping[str, object]]) -> str:
    names = dict.fromkeys(
        name
        for values in metrics.values()
        for name, value in values.items()
        if not isinstance(value, Mapping)
    )
    rows = [
        (caption(name), *(values.get(name, "") for values in metrics.values())) for name in names
    ]
    parts = [_table(["Metric", *map(caption, metrics)], rows)] if rows else []
    for split, values in metrics.items():
        for name, value in values.items():
            if isinstance(value, Mapping):
                parts.append(f"<h3>{escape(f'{caption(name)}, {split}')}</h3>{_nested(value)}")
    return "\n".join(parts)


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
    return _table(["", *map(caption, columns)] if columns else [], rows)


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


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number_class(is_number: bool) -> str:
    return ' class="number"' if is_number else ""


def _text(value: object) -> str:
    if not _is_number(value):
        return escape(str(value))
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def _picture(name: str, content: bytes | str) -> str:
    words = escape(caption(name))
    if isinstance(content, bytes):
        data = base64.b64encode(content).decode("ascii")
        image = f'<img alt="{words}" src="data:image/png;base64,{data}">'
    else:
        # HTML has no place for the XML declaration and document type before the root element.
        image = content[content.index("<svg") :]
    return f"<figure><div>{image}</div><figcaption>{words}</figcaption></figure>"


REPORT_CSS = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1d2733; --pale: #5c6773;
  --line: #d9dfe5; --panel: #f5f7f9; --accent: #0072b2; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14181d; --ink: #e6eaee; --pale: #9aa6b2; --line: #323a43;
    --panel: #1d232a; --accent: #56b4e9; }
}
body { background: var(--paper); color: var(--ink); max-width: 72rem; margin: 2.5rem auto;
  padding: 0 1.5rem; font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.8rem; margin-bottom: 0.5rem; }
h2 { font-size: 1.25rem; margin-top: 2.5rem; padding-bottom: 0.3rem;
  border-bottom: 2px solid var(--accent); }
h3 { font-size: 1rem; color: var(--pale); margin: 1.5rem 0 0.5rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.3rem 1rem 0.3rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
th { font-weight: 600; }
thead th { color: var(--pale); }
td.number, th.number { text-align: right; padding-left: 1.5rem; }
pre { background: var(--panel); padding: 1rem; border-radius: 6px; overflow-x: auto;
  font-size: 0.85rem; }
figure { margin: 1.5rem 0; }
figure div { background: #ffffff; border: 1px solid var(--line); border-radius: 6px;
  padding: 0.75rem; overflow-x: auto; }
figure img { display: block; max-width: 100%; height: auto; margin: auto; }
figcaption { color: var(--pale); margin-top: 0.4rem; font-size: 0.9rem; }
"""
