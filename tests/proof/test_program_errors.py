"""`error(p, exact) <= e`: programs of floats run on every input or enclosed, functions of reals by boxes."""

from __future__ import annotations

from typing import Any

import pytest

import optgen
from optgen.diagnostics import SpecError
from optgen.proof.recheck import recheck
from optgen.proof.written import Rejected

FLOATS = """function near_exp2(x : f32 in [0.5, 0.75]) -> f32 = 2^x
  program
    y = fma(fma(fma(f32(0.0790204), x, 0.2241), x, 0.6969), x, 0.99988)
"""
DOUBLES = """function near_exp2(x : f64 in [0.25, 1]) -> f64 = 2^x
  program
    v7 = -0x1.1698734d93d7p+5/(x + -0x1.16846ac5b31b4p+4 + 0x1.91ec83ee39d3ap+6/x)
    v9 = v7 + -0x1.fffffb6a317bfp-1
    y = v9*v9
"""
REALS = "function cubic(x : R in [-1, 1]) -> R = 1 + x + x^2/2 + x^3/6\n"
AT_ZERO = """function flat(x : f32 in [0, 0.00006103515625]) -> f32 = 1 + x
  program
    y = x*f32(0) + 1
"""


def verdict(head: str, *lines: str) -> Any:
    text = head + '  claim "it"\n' + "".join(f"    {line}\n" for line in lines)
    (found,) = optgen.verify(optgen.parse(text), cache=False)
    return found


def test_a_program_of_floats_is_run_on_every_input():
    found = verdict(FLOATS, "prove error(near_exp2, x -> 2^x) <= 1.4e-4")
    assert (found.verdict, found.trust) == ("proved", "exhaustive")
    certificate = found.certificate
    assert certificate["inputs"] == 2**22 + 1
    assert certificate["domain"] == [(0.5).hex(), (0.75).hex()] and "verify" in certificate["again"]
    assert recheck(certificate).trust == "exhaustive"
    with pytest.raises(Rejected, match="another program"):
        recheck(certificate | {"text": [*certificate["text"], "0"]})


def test_a_program_of_doubles_is_enclosed():
    found = verdict(DOUBLES, "prove error(near_exp2, x -> 2^x) <= 6e-7")
    assert (found.verdict, found.trust) == ("proved", "interval")
    assert recheck(found.certificate).trust == "interval"


def test_a_function_of_reals_is_enclosed_by_boxes():
    found = verdict(REALS, "prove error(cubic, exp) <= 0.1")
    assert (found.verdict, found.trust) == ("proved", "interval")


def test_zeros_are_looked_at_alone():
    """At 0 the program is exact; nearby it errs by x."""
    assert verdict(AT_ZERO, "prove error(flat, x -> 1 + x) <= 6.2e-5").verdict == "proved"


@pytest.mark.parametrize(("head", "line"), [
    (FLOATS, "refute error(near_exp2, x -> 2^x) <= 5e-5"),
    (FLOATS, "refute error(near_exp2, exp) <= 1e-3"),
    (DOUBLES, "refute error(near_exp2, x -> 2^x) <= 2.6e-7"),
    (REALS, "refute error(cubic, exp) <= 0.09"),
    (AT_ZERO, "refute error(flat, x -> 1 + x) <= 3e-5"),
])  # fmt: skip
def test_a_bound_that_is_too_small_is_refuted_by_a_number(head, line):
    found = verdict(head, line)
    assert (found.verdict, found.counterexample["replayed"]) == ("refuted", True)


def test_what_is_no_program_of_one_float_is_said():
    head = FLOATS.replace("[0.5, 0.75]", "(0.5, 0.75]")
    with pytest.raises(SpecError, match="closed"):
        verdict(head, "prove error(near_exp2, x -> 2^x) <= 1e-3")
    with pytest.raises(SpecError, match="two functions"):
        verdict(FLOATS, "prove error(near_exp2, 1) <= 1e-3")


def test_a_bound_that_is_not_had_in_time_stays_open():
    """Next to its pole at 0 the quotient is as large as numbers go."""
    head = DOUBLES.replace("[0.25, 1]", "[0, 1]")
    text = head + '  claim "it"\n    prove error(near_exp2, x -> 2^x) <= 6e-7\n'
    (found,) = optgen.verify(optgen.parse(text), seconds=1, cache=False)
    assert found.verdict == "unknown"
    assert any("not done in 1 s" in came for _, came, _ in found.tried)
