"""What is asked of a function has one name, under which it is found again."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optgen.diagnostics import SpecError
from optgen.functions.request import LEAST_FLOOR, MOST_FLOOR, RELATIVES, ULPS, Accuracy, Domain, Request, named, request

accuracies = st.one_of(
    st.builds(Accuracy, st.sampled_from(ULPS), st.just(False), st.sampled_from(["float32", "bfloat16"])),
    st.builds(Accuracy, st.sampled_from(RELATIVES), st.just(True)),
    st.builds(Accuracy, st.sampled_from(ULPS[1:]), floor=st.integers(LEAST_FLOOR, MOST_FLOOR)),
)
ends = st.floats(allow_nan=False)
domains = st.none() | st.tuples(ends, ends, st.booleans()).map(lambda given: Domain(*sorted(given[:2]), given[2]))


@given(st.sampled_from(["exp(x)", "0.5*x", "(x, y) -> hypot(x, y)", "gelu"]), accuracies, domains)
def test_a_name_says_everything_and_has_no_full_stop(expression, accuracy, domain):
    wanted = Request(expression, accuracy, domain)
    assert named(wanted.name) == wanted
    assert "." not in wanted.name  # pickle would look for attributes of attributes


def test_the_usual_choices_are_left_out_of_the_name():
    assert request("exp(x)").name == "exp(x)" == request("exp(x)", ulp=1).name
    assert request("exp(x)", ulp=4, domain=(-20, 0)).name == "exp(x); 4 ulp; domain -20․0 0․0"


def test_accuracies_by_their_names():
    assert request("x", ulp=0.5).accuracy == Accuracy(Fraction(1, 2))
    assert request("x", relative=1e-3).accuracy == Accuracy(Fraction(1, 1000), relative=True)
    assert str(request("x", of="bfloat16").accuracy) == "1 ulp of bfloat16"
    assert str(request("x", absolute=2**-24).accuracy) == "1 ulp or 2^-24 absolute"
    assert request("x", ulp=2, absolute=2**-24).accuracy == Accuracy(Fraction(2), floor=-25)


@pytest.mark.parametrize(
    ("choices", "code", "words"),
    [
        ({"ulp": 0.3}, "E0804", "there is no accuracy of ulp 0.3"),
        ({"relative": 0.5}, "E0804", "choose one of 0.0001, 0.001"),
        ({"ulp": 1, "relative": 1e-3}, "E0804", "not both"),
        ({"of": "float16"}, "E0804", "there are no units of float16"),
        ({"absolute": 1e-7}, "E0804", "an absolute error is a power of 2, and 1e-07 is none"),
        ({"absolute": 2.0**-200}, "E0804", "between 2^-126 and 1"),
        ({"absolute": 0.0}, "E0804", "power of 2"),
        ({"ulp": 0.5, "absolute": 2**-24}, "E0804", "not with 0.5 ulp"),
        ({"relative": 1e-3, "absolute": 2**-24}, "E0804", "not with relative 0.001"),
        ({"of": "bfloat16", "absolute": 2**-24}, "E0804", "not with 1 ulp of bfloat16"),
        ({"domain": (1, -1)}, "E0803", "domain = (-1, 1)"),
        ({"domain": (float("nan"), 1)}, "E0803", "empty"),
        ({"domain": "all"}, "E0803", "is not two numbers"),
    ],
)
def test_what_can_not_be_had_is_told(choices, code, words):
    with pytest.raises(SpecError, match=code) as told:
        request("x", **choices)
    assert words in str(told.value)


def test_a_choice_that_is_none_is_refused():
    with pytest.raises(ValueError, match="fast is no choice"):
        named("exp(x); fast")
