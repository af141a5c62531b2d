"""Verdicts as text: the proof in mathematics, the counterexample in numbers, what was tried."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optgen import Verdict


def details(verdict: Verdict) -> Iterator[str]:
    """Lines below the line of a verdict."""
    if verdict.bracket:
        yield verdict.bracket
    if verdict.certificate is not None:
        yield from proof_lines(verdict.certificate)
        yield from (f"checked: {word}" for word in verdict.words)
    if verdict.counterexample is not None:
        yield from example_lines(verdict.counterexample)
        yield from verdict.words
    if verdict.verdict == "unknown":
        for method, outcome, seconds in verdict.tried:
            yield f"{method}: {outcome} ({seconds:.2f} s)"


def proof_lines(certificate: Mapping[str, Any]) -> Iterator[str]:
    """The proof of each part, in the words of the prover."""
    if certificate["kind"] == "all":
        for part in certificate["parts"]:
            yield from proof_lines(part)
        return
    yield from certificate.get("mathematics", ())


def example_lines(example: Mapping[str, Any]) -> Iterator[str]:
    for name, number in example.get("params", {}).items():
        yield f"{name} = {number}"
    for name, vector in example.get("points", {}).items():
        yield f"{name} = ({', '.join(vector)})"
    for name, data in example.get("functions", {}).items():
        parts = ", ".join(f"{key} = {value}" for key, value in data.items() if key != "kind")
        yield f"{name}: {data['kind']}, {parts}"
    if example.get("violated"):
        yield example["violated"]


def latex_of(certificate: Mapping[str, Any]) -> Iterator[str]:
    """Displayed equations of a proof."""
    if certificate["kind"] == "all":
        for part in certificate["parts"]:
            yield from latex_of(part)
        return
    yield from certificate.get("latex", ())
