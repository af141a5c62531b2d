"""Random terms: their normal form has the value of the term, in every small dimension."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from optgen.proof.contractions import Polynomial
from optgen.proof.terms import Reader, Rules
from optgen.proof.values import Undefined, enclosure, in_dimension

LABELS = ("i", "j", "k")


def atoms():
    label = st.sampled_from(LABELS)
    return st.one_of(
        st.sampled_from(["2", "-1/3", ["atom", "c"], ["atom", "d"]]),
        st.builds(lambda a, i: ["atom", a, i], st.sampled_from("xy"), label),
        st.builds(lambda i, j: ["atom", "A", i, j], label, label),
        st.builds(lambda i, j: ["atom", "S", i, j], label, label),
        st.builds(lambda i, j: ["same", i, j], label, label),
        st.builds(lambda i, j: ["before", i, j], label, label),
    )


def larger(inner):
    return st.one_of(
        st.builds(lambda *parts: ["+", *parts], inner, inner),
        st.builds(lambda *parts: ["*", *parts], inner, inner),
        st.builds(lambda *parts: ["*", *parts], inner, inner, inner),
        st.builds(lambda base: ["^", base, 2], inner),
        st.builds(lambda below: ["/", "1", ["+", "7", ["^", below, 2]]], atoms()),
    )


def closed(term):
    """All labels summed, each under a name of its own."""
    for label in LABELS:
        term = ["sum", label, "n", term]
    return term


def world(size: int) -> dict[str, Fraction]:
    numbers = {"c": Fraction(3, 7), "d": Fraction(-2, 5)}
    for i in range(1, size + 1):
        numbers |= {f"x[={i}]": Fraction(i * i - 2, 3), f"y[={i}]": Fraction(5 - 2 * i, 2)}
        for j in range(1, size + 1):
            numbers[f"A[={i},={j}]"] = Fraction(2 * i - 3 * j + 1, 4)
            numbers[f"S[={i},={j}]"] = Fraction(i * j + i + j, 6)
    return numbers


def of_term(term, size: int) -> Fraction:
    def plain(part):
        if isinstance(part, str):
            return part
        match part:
            case ["atom", name, *labels]:
                return ["atom", f"{name}[{','.join(labels)}]" if labels else name]
            case ["same" | "before", *_]:
                return part
            case ["^", base, power]:
                return ["^", plain(base), power]
            case [head, *parts]:
                return [head, *map(plain, parts)]

    low, high = enclosure(plain(in_dimension(term, {"n": size})), world(size))
    assert low == high
    return low


def of_polynomial(polynomial: Polynomial, size: int) -> Fraction:
    numbers = world(size) | {"n": Fraction(size)}

    def factor(name: str, labels) -> Fraction:
        if name == "same":
            return Fraction(labels[0] == labels[1])
        if name == "before":
            return Fraction(int(labels[0][1:]) < int(labels[1][1:]))
        if name not in numbers and f"{name}[{','.join(labels)}]" not in numbers:
            raise Undefined(name)
        return numbers[f"{name}[{','.join(labels)}]" if labels else name]

    def contraction(item) -> Fraction:
        bound = sorted({label for _, ls in item for label in ls if ":" in label})
        total = Fraction(0)
        for places in product(range(1, size + 1), repeat=len(bound)):
            at = {label: f"={place}" for label, place in zip(bound, places, strict=True)}
            value = Fraction(1)
            for name, labels in item:
                value *= factor(name, [at.get(label, label) for label in labels])
            total += value
        return total

    total = Fraction(0)
    for monomial, c in polynomial.items():
        value = c
        for item, power in monomial:
            value *= contraction(item) ** int(power)
        total += value
    return total


@settings(max_examples=150)
@given(st.recursive(atoms(), larger, max_leaves=4))
def test_a_normal_form_has_the_value_of_its_term(term):
    value = Reader(Rules(symmetric=frozenset({"S"}))).normal(closed(term))
    for size in (1, 2):
        try:
            assert of_polynomial(value.top, size) == of_term(closed(term), size) * of_polynomial(value.bottom, size)
        except Undefined:
            return  # a quotient inside a sum is a factor of its own


@settings(max_examples=100)
@given(st.recursive(atoms(), larger, max_leaves=4), st.recursive(atoms(), larger, max_leaves=4))
def test_terms_whose_difference_vanishes_are_equal(left, right):
    reader = Reader(Rules(symmetric=frozenset({"S"})))
    if reader.vanishes(["+", closed(left), ["*", "-1", closed(right)]]):
        assert of_term(closed(left), 2) == of_term(closed(right), 2)
