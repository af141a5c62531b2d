"""Signs of coefficients on a domain, as the provers see them; the checker has its own.

Each symbol of an interval is written with a slack that is positive: where all coefficients then have one sign, so has
the number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from optgen.proof.polynomial import Number, Polynomial, at, from_json, names_of, ratio, symbol


class Signs:
    """Signs of coefficients on the domain, seen after each symbol is written with a slack that is positive."""

    def __init__(self, domain: Sequence[Any], solved: Sequence[Number]) -> None:
        self.solved, self.believed, self.names = solved, False, {name for name, *_ in domain}
        self.charts: list[dict[str, Number]] = [{}]
        for name, *bounds, low_closed, high_closed in domain:
            low, high = (None if b is None else from_json(b) for b in bounds)
            self.charts = [c for chart in self.charts for c in charts(chart, name, low, high, low_closed, high_closed)]

    def nonnegative(self, number: Number, pole: bool = False) -> bool:
        """Whether number >= 0 everywhere on the domain (`pole`: but for a thin set where it has none)."""
        return all(self.on_chart(number, chart, pole) for chart in self.charts) or self.solver(number)

    def on_chart(self, number: Number, chart: Mapping[str, Number], pole: bool) -> bool:
        if not names_of(number) <= self.names:
            raise ValueError("a symbol without a domain")
        there = ratio(at(number, chart))
        top, bottom = sign(there.numerator), sign(there.denominator)
        return top is not None and bottom is not None and top[0] * bottom[0] >= 0 and (pole or bottom[1])

    def solver(self, number: Number) -> bool:
        found = any(number == other for other in self.solved)
        self.believed = self.believed or found
        return found


def charts(
    chart: Mapping[str, Number], name: str, low: Number | None, high: Number | None, low_closed: bool, high_closed: bool
) -> Iterator[dict[str, Number]]:
    """The symbol as a function of a slack: `s~>` is positive, `s~>=` may be 0.  A closed interval needs two charts."""
    low, high = (None if bound is None else at(bound, chart) for bound in (low, high))
    above, below = symbol(name + ("~>=" if low_closed else "~>")), symbol(name + ("~>=" if high_closed else "~>"))
    if low is not None and high is not None:
        if high_closed or not low_closed:
            yield {**chart, name: low + (high - low) / (1 + below)}
        if low_closed:
            yield {**chart, name: high - (high - low) / (1 + above)}
    elif low is None and high is None:
        yield {**chart, name: symbol(name)}
    else:
        yield {**chart, name: low + above if low is not None else bound_of(high) - below}


def sign(polynomial: Polynomial) -> tuple[int, bool] | None:
    """(sign, whether it can't vanish) of a polynomial in slacks; None if its coefficients do not tell."""
    found = {1 if c > 0 else -1 for c in polynomial.terms.values()}
    open_symbols = any(p % 2 and not n.endswith(("~>", "~>=")) for m in polynomial.terms for n, p in m)
    if len(found) > 1 or open_symbols:
        return None
    return (found.pop() if found else 0), any(all(n.endswith("~>") for n, _ in m) for m in polynomial.terms)


def bound_of(high: Number | None) -> Number:
    assert high is not None
    return high
