"""Special functions: derivatives are those of the values, the text reads back, and code says where there is none."""

from __future__ import annotations

import numpy as np
import pytest
from mpmath import mp

from optgen.ir import nodes as ir
from optgen.ir.check import check
from optgen.ir.evaluate import evaluate
from optgen.ir.operations import OPERATIONS, apply, declared
from optgen.ir.printer import print_function
from optgen.ir.program import Function
from optgen.ir.reader import read_function
from optgen.ir.special import SPECIAL
from optgen.language.parser import parse_expression
from optgen.passes.lower.elementary import BINARY, UNARY
from optgen.passes.lower.elementwise import elementwise
from optgen.symbolic.arb import Meaning, exact

X = ir.Input("x", "real")


def one(result: ir.Scalar) -> Function:
    return Function("one", (), (X,), (("y", ir.array((), result, "y")),))


def test_the_two_tables_share_no_name():
    assert not set(OPERATIONS) & set(SPECIAL)
    with pytest.raises(ir.IRError, match="there is no operation besselj"):
        declared("besselj")


@pytest.mark.parametrize("name", SPECIAL)
@pytest.mark.parametrize("at", [-0.6, 0.3, 0.9])
def test_a_partial_is_the_taylor_coefficient(name, at):
    (partial,) = declared(name).partials(ir.access(X))
    series = Meaning.of(apply(name, ir.access(X)), [X]).taylor(exact(at), 2, 120)
    assert abs(float(Meaning.of(partial, [X]).value([exact(at)], 120)) - float(series[1])) < 1e-14


@pytest.mark.parametrize("name", SPECIAL)
def test_values_and_text(name):
    made = one(apply(name, ir.access(X)))
    check(made)
    assert print_function(read_function(print_function(made))) == print_function(made)
    (found,) = evaluate(made, {}, [np.array(0.3)])
    assert abs(float(found) - float(Meaning.of(apply(name, ir.access(X)), [X]).value([exact(0.3)], 80))) < 1e-14


REFERENCE = {
    "sigmoid": lambda v: 1 / (1 + mp.exp(-v)), "softplus": lambda v: mp.log(1 + mp.exp(v)), "relu": lambda v: max(v, 0),
    "exp2": lambda v: 2**v, "exp10": lambda v: 10**v, "log2": lambda v: mp.log(v, 2), "log10": mp.log10,
    "cbrt": lambda v: mp.sign(v) * mp.cbrt(abs(v)), "rsqrt": lambda v: 1 / mp.sqrt(v), "arcsin": mp.asin,
    "arctan": mp.atan, "arcsinh": mp.asinh, "arccosh": mp.acosh, "arctanh": mp.atanh, "ndtr": mp.ncdf,
    "log_ndtr": lambda v: mp.log(mp.ncdf(v)), "logsigmoid": lambda v: -mp.log(1 + mp.exp(-v)),
    "silu": lambda v: v / (1 + mp.exp(-v)), "mish": lambda v: v * mp.tanh(mp.log(1 + mp.exp(v))),
    "gelu": lambda v: v * mp.ncdf(v), "erfc": mp.erfc, "erfcx": lambda v: mp.exp(v * v) * mp.erfc(v),
    "erfinv": mp.erfinv, "i0e": lambda v: mp.besseli(0, v) * mp.exp(-abs(v)), "j0": lambda v: mp.besselj(0, v),
    "i1e": lambda v: mp.besseli(1, v) * mp.exp(-abs(v)), "j1": lambda v: mp.besselj(1, v), "airy_ai": mp.airyai,
}  # fmt: skip
POINTS = {"arccosh": (1.25, 3.5), "log2": (0.3, 9.0), "log10": (0.3, 9.0), "rsqrt": (0.3, 9.0)}


@pytest.mark.parametrize("name", UNARY)
def test_a_definition_is_the_function(name):
    made = elementwise(parse_expression(f"{name}(x)"), lambda of: None)
    meaning = Meaning.of(ir.access(made.results[0][1]), made.parameters)
    with mp.workdps(40):
        for at in POINTS.get(name, (-0.75, 0.3, -0.1, 0.95)):
            wanted = REFERENCE[name](mp.mpf(at))
            assert abs(float(meaning.value([exact(at)], 150)) - wanted) <= 1e-15 * (1 + abs(wanted)), at


def test_definitions_of_two_arguments():
    assert set(BINARY) == {"hypot", "logaddexp"}
    made = elementwise(parse_expression("(x, y) -> hypot(x, y) + logaddexp(x, y)"), lambda of: None)
    value = Meaning.of(ir.access(made.results[0][1]), made.parameters).value([exact(0.3), exact(-1.5)], 100)
    assert abs(float(value) - (np.hypot(0.3, -1.5) + np.logaddexp(0.3, -1.5))) < 1e-15
