"""Equations written in the language, lowered, and read as terms: left and right sides of lemmas."""

from __future__ import annotations

from optgen.ir import nodes as ir
from optgen.language import parse
from optgen.passes.lower.programs import lower
from optgen.proof.reading import Reading
from optgen.proof.terms import Reader, Rules, Term

HEADER = """
algorithm lemma(f)
  oracle f : R[n] -> R
  data A : R[n, n] spd, X : R[n, n], B : R[m, n], b : R[n], z : R[n], w : R[n]
  param beta in (0, 1), lr in (0, 1)
  state x : R[n], m : R[n] = 0
  step
    g = grad f(x)
    m' = beta*m + (1 - beta)*g
    x' = x - lr*m'
    s = solve(A, b)
"""


def sides(left: str, right: str) -> tuple[Term, Term, Reading]:
    """Both sides at open entries."""
    text = f"{HEADER}    record left = {left}, right = {right}\n"
    program, _ = lower(parse(text, "lemma.opt"), "lemma", None, lambda name: None)
    records = {record.name: record.value for record in program.phases[0].records}
    reading = Reading()
    labels = [reading.label(ir.Index(axis, "i")) for axis in records["left"].axes]
    terms = [reading.entry(records[side], labels if records[side].axes else []) for side in ("left", "right")]
    return terms[0], terms[1], reading


def reader(reading: Reading) -> Reader:
    return Reader(Rules(symmetric=frozenset({"A"}), solutions=reading.solutions))
