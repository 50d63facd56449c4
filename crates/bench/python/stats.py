"""Medians of ratios, and lines of a table as the rest of the benchmark prints them."""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence

median = statistics.median


def interval(ratios: Sequence[float]) -> str:
    """The median, and where it would lie in 95 of 100 repetitions (bootstrap; the same bytes for the same ratios)."""
    chance = random.Random(0)
    again = sorted(median(chance.choices(ratios, k=len(ratios))) for _ in range(1000))
    return f"{median(ratios):.2f} [{again[25]:.2f}, {again[974]:.2f}]"


def line(what: str, figure: str, promise: str = "") -> None:
    print(f"  {what:<52} {figure:>20}   {promise}".rstrip(), flush=True)
