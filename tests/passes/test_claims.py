"""What a claim says, once lowered: names, classes, relations over the program's inputs."""

from __future__ import annotations

import pytest

import optgen
from optgen.compiler import _shipped, parse
from optgen.diagnostics import SpecError
from optgen.ir import claims as out
from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.passes.lower import claims

METHOD = """algorithm method(f, K)
  param lr in (0, inf), beta = 0.9 in [0, 1)
  state x : space(f), s : R > 0 = 1
  let V = f(x) + s
  step k
    g = grad f(x)
    x' = x - lr*g
    s' = beta*s
  claim "it"
"""


def lowered(lines: str) -> out.Claim:
    text = METHOD + "".join(f"    {line.strip()}\n" for line in lines.strip().split("\n"))
    (claim,) = claims(parse(text).file, _shipped(None))
    return claim


def codes(lines: str) -> set[str]:
    with pytest.raises(SpecError) as told:
        lowered(lines)
    return {d.code for d in told.value.diagnostics}


def calls(claim: out.Claim) -> set[tuple[str, object]]:
    """The special calls in the goals: function and its attributes."""
    roots = [side for g in claim.goals if isinstance(g, out.Relation) for side in (g.left, g.right)]
    return {(n.function, n.attributes) for n in walk.postorder(roots) if isinstance(n, ir.Call)}


def test_a_class_declares_its_symbols_and_their_domains():
    claim = lowered("given f in smooth_strongly_convex(mu, L)\nprove f(x') <= f(x)")
    assert [(n.name, n.kind) for n in claim.names] == [("mu", "symbol"), ("L", "symbol")]
    assert claim.classes[0].name == "smooth_strongly_convex"
    sides = {(r.operator, r.left.name) for r in claim.domains if isinstance(r.left, ir.Input)}
    assert {(">", "L"), (">=", "mu"), ("<=", "mu"), (">", "s"), (">", "lr")} <= sides


def test_a_state_after_the_step_is_what_the_step_makes_of_it():
    claim = lowered("prove s' <= s")
    (goal,) = claim.goals
    assert claim.program is not None
    after = dict(zip((s.name for s in claim.program.states), claim.program.phases[0].following))
    assert out.scalar_of(goal.left) is out.scalar_of(after["s"])


@pytest.mark.parametrize(
    "goal", ["decreases(V)", "contracts(V, 1)", "V' <= V"], ids=["decreases", "contracts", "a primed let"]
)
def test_words_for_one_step_are_relations(goal):
    (made,) = lowered(f"prove {goal}").goals
    assert isinstance(made, out.Relation) and made.operator == "<="


def test_a_chain_is_several_relations():
    claim = lowered("prove s' - s = (beta - 1)*s <= 0")
    assert [g.operator for g in claim.goals] == ["==", "<="]


def test_optima_are_the_same_throughout():
    claim = lowered("given f in convex\nprove f(x) - min f <= sqnorm(x - argmin f)")
    assert [o.name for o in claim.optima] == ["f"]
    assert ("argmin", (("function", "f"),)) in calls(claim)


def test_iterates_name_their_state_and_names_of_the_step_belong_to_their_step():
    claim = lowered("for all N in 1..inf\nprove f(x(N)) <= f(x(0)) + sqnorm(g(1))")
    assert claim.named("N").kind == "integer"
    assert ("iterate", (("state", "x"),)) in calls(claim)


def test_numbers_are_exact():
    claim = lowered("at lr = 1/3, beta = 0.1\nprove s' <= s")
    assert {n: str(v) for n, v in claim.at.items()} == {"lr": "1/3", "beta": "1/10"}


def test_defaults_are_facts_only_where_the_claim_says_so():
    assert lowered("prove s' <= s").at == {}
    assert str(lowered("at default\nprove s' <= s").at["beta"]) == "9/10"


def test_an_invariant_is_about_the_start_and_the_step():
    (goal,) = lowered("prove invariant(s > 0)").goals
    assert isinstance(goal, out.Invariant) and goal.before and goal.after
    assert isinstance(goal.first[0], out.Relation)


def test_a_lemma_binds_its_own_names():
    text = (
        'claim "lemma"\n  for all x in (0, 1), u in R[d], v in R[d]\n  prove dot(u, v) <= sqnorm(u)/2 + sqnorm(v)/2\n'
    )
    (claim,) = claims(parse(text).file, _shipped(None))
    assert claim.program is None
    assert [(n.name, n.kind) for n in claim.names] == [("x", "symbol"), ("u", "point"), ("v", "point")]


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ("given f in smoth(L)\nprove f(x') <= f(x)", "E0701"),
        ("given f in separable\nprove f(x') <= f(x)", "E0701"),
        ("given f in smooth(mu, L)\nprove f(x') <= f(x)", "E0702"),
        ("given f in smooth(L)", "E0703"),
        ("prove s' <= s\nrefute s' >= s", "E0703"),
        ("for all 3\nprove s' <= s", "E0704"),
        ("for all s\nprove s' <= s", "E0202"),
        ("prove s' <= q", "E0201"),
        ("prove s'' <= s", "E0"),
        ("prove s", "E0306"),
        ("prove order(f) = 4", "E0307"),
        ("prove error(f, f) <= 4", "E0303"),
        ("prove limit(s) = 0", "E0404"),
    ],
)
def test_what_is_wrong_with_a_claim_is_said_where_it_stands(lines, code):
    assert any(c.startswith(code) for c in codes(lines))


HEADS = (
    "problem p\n  var x : R[n]\n  minimize sqnorm(x)\n",
    "function p(x : R) -> R = x^2\n",
    "sde p\n  dX = -X dt + dW\n",
)


@pytest.mark.parametrize("head", HEADS, ids=["problem", "function", "sde"])
def test_claims_of_blocks_without_a_step_are_read(head):
    text = head + '  claim "c"\n    prove q <= 2\n'
    assert [d.message for d in optgen.check(parse(text))] == ["q is not defined here"]


def test_a_mistake_in_a_claim_hides_no_other():
    text = METHOD + '    prove s\' <= q\n  claim "two"\n    prove r <= s\n'
    assert sorted(d.message for d in optgen.check(parse(text)) if d.code == "E0201") == [
        "q is not defined here",
        "r is not defined here",
    ]
