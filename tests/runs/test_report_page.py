"""The report is one file that needs no network, shows everything and escapes everything."""

import base64
import re
from html.parser import HTMLParser

import pytest

from dlapps.config.schema import Reference
from dlapps.explain.figures.png import message_figure, png_bytes
from dlapps.runs.report_page import Headline, Picture, Report, number_text, report_html

VOID = {"meta", "img"}
CLASS_SCORES = {"precision": 0.5, "recall": 1.0, "f1": 0.6667, "support": 1200}
METRICS = {
    "test": {
        "accuracy": 0.98765,
        "per_class": {"<script>alert(1)</script>": CLASS_SCORES},
        "confusion_matrix": [[17, 0], [1, 19]],
    },
    "validation": {"accuracy": 0.97, "perplexity": 12.5},
}
SVG = '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><rect width="1"/></svg>'


class Reader(HTMLParser):
    """Collects tags, attributes and table rows, and checks that tags are closed in order."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.sources, self.rows = [], [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.sources += [value for name, value in attributes if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1].append(data)


@pytest.fixture
def picture() -> bytes:
    return png_bytes(message_figure("hello"))


@pytest.fixture
def page(picture) -> str:
    published = Reference(metric="mean_iou", value=0.89, source="A & B 2020", protocol="5 folds")
    report = Report(
        title="digits <lenet5>",
        headline=Headline("mean_iou", 0.93456, "test", published),
        command="dlapps x train <y>",
        metrics=METRICS,
        curves=[Picture("training_curves", picture)],
        pictures=[Picture("samples", picture, 'A "grid"'), Picture("confusion_matrix", picture)],
        architecture=[Picture("architecture", SVG)],
        facts={"tensorflow": "2.21 & more"},
        config_text="seed: 1 # <b>",
    )
    return report_html(report)


@pytest.fixture
def reader(page) -> Reader:
    reader = Reader()
    reader.feed(page)
    assert not reader.open
    return reader


def test_nothing_is_fetched_and_no_script_runs(reader, page):
    assert all(source.startswith("data:") for source in reader.sources)
    assert not {"script", "link", "iframe", "b"} & set(reader.tags)
    assert "url(" not in page
    assert "@import" not in page


def test_all_text_is_escaped(page):
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<title>digits &lt;lenet5&gt;</title>" in page
    assert "seed: 1 # &lt;b&gt;" in page
    assert "2.21 &amp; more" in page


def test_it_opens_with_the_headline_its_reference_the_best_picture_and_the_command(page):
    opening = page[page.index("<main>") : page.index("<h2>Metrics")]
    order = [
        ">0.9346</strong> Mean IoU, test split",
        "Published: <strong>0.8900 Mean IoU</strong>, A &amp; B 2020 (5 folds)",
        'alt="A &quot;grid&quot;"',
        "dlapps x train &lt;y&gt;",
    ]
    places = [opening.index(text) for text in order]
    assert places == sorted(places)
    assert "Confusion matrix" not in opening


def test_then_come_metrics_curves_pictures_architecture_and_environment(page):
    headings = re.findall("<h2>(.*?)</h2>", page)
    assert headings == [
        "Result", "Metrics", "Training curves", "Pictures", "Architecture", "Environment",
        "Configuration",
    ]  # fmt: skip


def test_scalars_share_a_table_with_a_column_a_split(reader):
    assert ["Metric", "Test", "Validation"] in reader.rows
    assert ["Accuracy", "0.9877", "0.9700"] in reader.rows
    assert ["Perplexity", "12.50"] in reader.rows


def test_a_matrix_is_no_row_of_the_table(page):
    assert "[[17" not in page


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1.000"), (360, "360"), (0.066789, "0.06679"), (-125.5, "-125.5"), (12345.6, "12,346")],
)
def test_four_digits_say_enough(value, text):
    assert number_text(value) == text


def test_classes_have_their_own_table(reader):
    assert ["Name", "Precision", "Recall", "F1", "Support"] in reader.rows
    assert ["<script>alert(1)</script>", "0.5000", "1.000", "0.6667", "1,200"] in reader.rows


def test_pictures_are_inside_the_file_with_captions(page, picture):
    encoded = re.search(r'src="data:image/png;base64,([^"]+)"', page).group(1)
    assert base64.b64decode(encoded) == picture
    assert "<figcaption>Confusion matrix</figcaption>" in page
    assert '<rect width="1"/></svg></div><figcaption>Architecture</figcaption>' in page
    assert "<?xml" not in page


def test_an_empty_report_has_no_empty_sections():
    assert "<section>" not in report_html(Report("nothing yet"))
