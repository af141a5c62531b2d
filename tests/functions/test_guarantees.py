"""Guarantees on request: held on every float32, refused where the function itself contradicts them."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import optgen
from optgen import elementwise
from optgen.cli.group import cli
from optgen.diagnostics import SpecError
from optgen.functions.certificate import Claim, prove
from optgen.functions.guarantees import Guarantees, guarantees, merged
from optgen.functions.held import contradiction, violation
from optgen.functions.request import Accuracy, Domain, Request, named
from optgen.ir.straight_builder import Builder

ends = st.floats(allow_nan=False, width=32)
ASKED = st.builds(
    Guarantees,
    st.booleans(),
    st.sampled_from(["", "odd", "even"]),
    st.none() | st.tuples(ends, ends),
    st.lists(st.tuples(ends, ends), max_size=3).map(tuple),
)
NEAR_ONE = Domain(1.0, 1.25)


@given(ASKED)
def test_a_name_says_all_of_them(asked):
    wanted = Request("tanh", guarantees=asked)
    assert named(wanted.name) == wanted and "." not in wanted.name


@pytest.mark.parametrize(
    ("expression", "asked", "words"),
    [
        ("sin(x)", {"monotone": True}, "it is not monotone: it rises"),
        ("1/x", {"monotone": True}, "it is not monotone"),
        ("exp(x)", {"odd": True}, "it is not odd"),
        ("x^3 + x^2/1000000", {"odd": True}, "it is not odd"),
        ("tanh(x)", {"even": True}, "it is not even"),
        ("sigmoid(x)", {"range": (0, 0.99)}, "it leaves [0, 0.99]"),
        ("cos(x)", {"exact": {0: 2}}, "it is 1 at 0, not 2.0"),
        ("erf(x)", {"exact": {1: 0.8427007794380188}}, "it is 0.842700793 at 1"),
    ],
)
def test_what_the_function_contradicts_is_refused_before_a_program_is_looked_for(expression, asked, words, monkeypatch):
    monkeypatch.setattr("optgen.functions.make._found", lambda *_: pytest.fail("a program was looked for"))
    with pytest.raises(SpecError, match="E0808") as told:
        optgen.function(expression, **asked)
    assert words in str(told.value)


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("tanh", {"monotone": True, "odd": True, "range": (-1, 1), "exact": {0: 0}}),
        ("cos", {"even": True, "range": (-1, 1), "exact": {0: 1}}),
        ("exp", {"range": (0, float("inf")), "exact": {0: 1}}),
        ("log", {"monotone": True, "exact": {1: 0}}),
        ("erfc", {"monotone": True, "range": (0, 2), "exact": {0: 1}}),
    ],
)
def test_shipped_functions_keep_theirs(name, asked):
    made = optgen.function(name, **asked)
    assert made.guarantees == guarantees(**asked)
    assert pickle.loads(pickle.dumps(made)).guarantees == made.guarantees  # noqa: S301


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"odd": True, "even": True}, "odd and even is 0"),
        ({"range": (1, 0)}, "range = (0, 1)"),
        ({"range": 3}, "is not two numbers"),
        ({"exact": {0.1: 0}}, "0.1 is no float32"),
        ({"exact": {0: 1e300}}, "1e+300 is no float32"),
    ],
)
def test_what_can_not_be_asked_is_told(choices, words):
    with pytest.raises(SpecError, match="E0804") as told:
        optgen.function("tanh", **choices)
    assert words in str(told.value)


def test_two_arguments_are_too_many_for_a_guarantee():
    with pytest.raises(SpecError, match="E0808"):
        optgen.function("(x, y) -> x + y", monotone=True)


# ---------------------------------------------------------------- faults


def planted(fault, value):
    """x^3, but for one argument."""

    def apply(x):
        y = x * x * x
        y[x == np.float32(fault)] = np.float32(value)
        return y

    return apply


@pytest.mark.parametrize(
    ("asked", "fault", "value", "at"),
    [
        (Guarantees(monotone=True), 1.125, 1.423827, 1.125),
        (Guarantees(monotone=True), 1.125, 1.4238287, np.nextafter(np.float32(1.125), np.float32(2))),
        (Guarantees(range=(1, 2)), 1.0625, 2.0000002, 1.0625),
        (Guarantees(exact=((1.125, 1.423828125),)), 1.125, 1.4238282, 1.125),
    ],
)
def test_one_changed_result_is_found(asked, fault, value, at):
    cube = elementwise.meaning_of("x^3")
    assert contradiction(cube, asked, NEAR_ONE) is None
    found = violation(planted(fault, value), asked, cube, NEAR_ONE)
    assert found is not None and found.x == float(at)
    assert violation(planted(fault, fault**3), asked, cube, NEAR_ONE) is None


@pytest.mark.parametrize("parity", ["odd", "even"])
def test_one_lost_bit_of_symmetry_is_found(parity):
    power = elementwise.meaning_of("x^3" if parity == "odd" else "x^2")
    domain = Domain(-1.25, 1.25)

    def plain(x):
        return x * x * x if parity == "odd" else x * x

    def changed(x):
        y = plain(x)
        y[x == np.float32(-1.125)] *= np.float32(1 + 2**-23)
        return y

    asked = Guarantees(parity=parity)
    assert violation(plain, asked, power, domain, full=False) is None
    found = violation(changed, asked, power, domain, full=False)
    assert found is not None and found.x == 1.125 and "-1.125" in found.sentence


def test_results_that_turn_back_at_zero_are_found():
    def stepping(x):
        return np.where(np.signbit(x), x + np.float32(1), x)

    found = violation(stepping, Guarantees(monotone=True), elementwise.meaning_of("x"), Domain(-1.0, 1.0), full=False)
    assert found is not None and "at -0" in found.sentence


def cube_with_a_fault(fault):
    b = Builder("cube")
    x = b.parameter("x", "f32")
    return b.finish(b.select(x.equals(fault), 1.5, x * x * x))


def test_a_certificate_records_them_and_what_broke_them():
    cube = elementwise.meaning_of("x^3")
    claim = Claim(cube, Accuracy(relative=True), NEAR_ONE, guarantees=guarantees(monotone=True))
    good, bad = (prove(cube_with_a_fault(fault), claim) for fault in (0.5, 1.125))
    assert good.proved and json.loads(good.as_json())["guarantees"] == {"asked": ["monotone"], "broken": None}
    assert not bad.holds and json.loads(bad.as_json())["verdict"] == "refuted"
    assert json.loads(bad.as_json())["guarantees"]["broken"]["at"] == "0x1.2000020000000p+0"


def test_prove_names_the_first_argument(monkeypatch):
    made = optgen.function("x^3", ulp=4, domain=(1, 1.25), monotone=True)
    record = made.prove.__self__
    monkeypatch.setitem(record.programs, "float32", cube_with_a_fault(1.125))
    with pytest.raises(SpecError, match="E0809") as told:
        made.prove()
    assert "does not keep `monotone`" in str(told.value) and "0x1.2000020000000p+0" in str(told.value)


# ---------------------------------------------------------------- where users ask


def test_a_spec_asks_in_its_where_line():
    text = 'function f(x : f32) -> f32 = x\n  accuracy 1 ulp\n  where monotone, odd, range(-1, 1), exact(0, 0)\n'
    (group,) = optgen.parse(text).file.groups("function")
    assert elementwise.guarantees_of(group) == Guarantees(True, "odd", (-1.0, 1.0), ((0.0, 0.0),))


def test_what_is_asked_is_added_to_what_is_promised():
    promised = Guarantees(monotone=True, exact=((0.0, 1.0),))
    assert merged(promised, guarantees(range=(0, 2), exact={1: 2})).words() == [
        "monotone", "range 0.0 2.0", "exact 0.0 1.0", "exact 1.0 2.0",
    ]  # fmt: skip


def test_the_command_line_asks_too():
    options = ["--odd", "--range", "-1", "1", "--exact", "0", "0", "--no-bench"]
    told = CliRunner().invoke(cli, ["function", "tanh", *options])
    assert "held      odd, range -1.0 1.0, exact 0.0 0.0: by samples" in told.output
