"""How expressions are read: what binds tighter, what the forms of brackets mean."""

from __future__ import annotations

import pytest

from optgen.diagnostics import SpecError
from optgen.language import tree
from optgen.language.parser import parse_expression
from tests.language.samples import nodes, without_places


def same(left: str, right: str) -> bool:
    return without_places(parse_expression(left)) == without_places(parse_expression(right))


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("-x^2", "-(x^2)"),
        ("a^b^c", "a^(b^c)"),
        ("2^-k", "2^(-k)"),
        ("a/b*c", "(a/b)*c"),
        ("a - b + c", "(a - b) + c"),
        ("a*b mod c", "(a*b) mod c"),
        ("A @ x*y", "(A @ x)*y"),
        ("1 + i..n - 1", "(1 + i)..(n - 1)"),
        ("a < b and not c == d or e", "((a < b) and (not (c == d))) or e"),
        ("if a then b else c + 1", "if a then b else (c + 1)"),
        ("x -> y -> x + y", "x -> (y -> (x + y))"),
        ("x -> if x > 0 then x else 0", "x -> (if x > 0 then x else 0)"),
        ("grad f(x)", "(grad f)(x)"),
        ("grad f[i](x)", "(grad f)[i](x)"),
        ("jac grad f(x)", "(jac grad f)(x)"),
        ("hess f(x) @ v", "((hess f)(x)) @ v"),
        ("A.T @ x", "(A.T) @ x"),
        ("-r.x[1]", "-((r.x)[1])"),
    ],
)
def test_what_binds_tighter(text, meaning):
    assert same(text, meaning)


@pytest.mark.parametrize(
    ("spelled", "plain"),
    [
        ("β₁·∇f(x)", "beta1*grad f(x)"),
        ("‖x‖² ≤ ∞", "norm(x)^2 <= inf"),
        ("‖a‖ + ‖b‖", "norm(a) + norm(b)"),
        ("x ∈ S ∧ y ≠ z", "x in S and y != z"),
        ("λ − μ × σ³", "lam - mu*sigma^3"),
        ("x → x′", "x -> x'"),
    ],
)
def test_unicode_spellings(spelled, plain):
    assert same(spelled, plain)


def test_places_of_unicode_spellings_are_those_of_the_text():
    sum_ = parse_expression("β₁ + ‖gλ‖")
    assert [node.span.text for node in nodes(sum_) if isinstance(node, tree.Name)] in (
        ["β₁", "‖", "gλ"],
        ["gλ", "‖", "β₁"],
    )


def test_four_forms_of_brackets():
    assert isinstance(parse_expression("(a, b)"), tree.Tuple)
    assert isinstance(parse_expression("[a, b]"), tree.Block)
    left, right = parse_expression("(a, b]"), parse_expression("[a, b)")
    assert isinstance(left, tree.Interval) and (left.low_open, left.high_open) == (True, False)
    assert isinstance(right, tree.Interval) and (right.low_open, right.high_open) == (False, True)


def test_parentheses_leave_no_node_but_belong_to_the_span():
    product = parse_expression("(a + b)*c")
    assert isinstance(product, tree.Binary)
    assert isinstance(product.left, tree.Binary)
    assert product.span.text == "(a + b)*c"


def test_block_matrices():
    block = parse_expression("[A, B; C, D]")
    assert isinstance(block, tree.Block) and [len(row) for row in block.rows] == [2, 2] and not block.trailing
    row = parse_expression("[1, 2;]")
    assert isinstance(row, tree.Block) and len(row.rows) == 1 and row.trailing


def test_a_binder_has_indices_condition_body_and_more():
    first = parse_expression("first(i in S where i > 1: c[i] else d)")
    assert isinstance(first, tree.Call)
    assert first.condition is not None and first.body is not None and first.otherwise is not None
    integral = parse_expression("integral(t in (a, b): f(t) by gauss(4, 64))")
    assert isinstance(integral, tree.Call) and isinstance(integral.by, tree.Call)


def test_min_of_a_function_without_parentheses():
    assert isinstance(parse_expression("min f"), tree.Optimum)
    assert isinstance(parse_expression("min(a, b)"), tree.Call)


def test_words_that_open_lines_may_be_names():
    names = [node.name for node in nodes(parse_expression("data + step*record - value")) if isinstance(node, tree.Name)]
    assert sorted(names) == ["data", "record", "step", "value"]


@pytest.mark.parametrize("word", ["if", "mod", "where", "of", "by", "in", "else"])
def test_reserved_words_are_no_names(word):
    with pytest.raises(SpecError):
        parse_expression(f"{word} + 1")


def test_a_chain_of_comparisons_is_one_node():
    chain = parse_expression("0 < x <= 1")
    assert isinstance(chain, tree.Comparison) and [sign for sign, _ in chain.rest] == ["<", "<="]


@pytest.mark.parametrize("text", ["", "1 +", "a b", "f(x", "x)", "a; b", "x = 3", "x\ny", "-", "x''"])
def test_what_is_no_expression(text):
    with pytest.raises(SpecError):
        parse_expression(text)


def test_a_deep_expression_needs_no_deep_stack():
    depth = 5000
    parse_expression("(" * depth + "x" + ")" * depth)
    parse_expression("-" * depth + "x")
    parse_expression("x" + "^x" * depth)
