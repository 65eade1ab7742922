"""The text that Prometheus reads."""

from dlapps.serving.metrics import Counter, Histogram, sample


def test_a_counter_has_a_line_for_each_values_of_its_labels():
    counter = Counter("requests", "", ["model", "status"])
    for status in ("200", "400", "200"):
        counter.add("a", status)
    assert list(counter.lines()) == [
        'requests{model="a",status="200"} 2',
        'requests{model="a",status="400"} 1',
    ]


def test_the_buckets_of_a_histogram_are_cumulative():
    histogram = Histogram("seconds", "", ["model"], [0.1, 1.0])
    for seconds in (0.0625, 0.5, 0.5, 5):
        histogram.observe(seconds, "a")
    assert list(histogram.lines()) == [
        'seconds_bucket{model="a",le="0.1"} 1',
        'seconds_bucket{model="a",le="1.0"} 3',
        'seconds_bucket{model="a",le="+Inf"} 4',
        'seconds_sum{model="a"} 6.0625',
        'seconds_count{model="a"} 4',
    ]


def test_what_would_break_a_line_is_escaped():
    assert sample("a", [("model", 'x"\\\ny')], 1) == 'a{model="x\\"\\\\\\ny"} 1'
