"""Numbers as the command line takes them."""

import math
from typing import Any

import click


class Amount(click.FloatRange):
    """A number in a range, in which NaN is not."""

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> float:
        """The number; NaN compares as if it were in any range."""
        number = super().convert(value, parameter, context)
        if math.isnan(number):
            self.fail(f"{value} is no number.", parameter, context)
        return number
