"""Claims as they are written at midnight: one message a mistake, in the author's words, with what to write instead."""

from __future__ import annotations

import pytest

import optgen
from optgen.cli.group import invoke
from tests.proof.specs import WALK

METHOD = f"""{WALK}  claim "c"
"""

# lines of a claim -> the only message, the help
IN_A_METHOD = {
    "given f in smoth(L), lr in (0, 1/L); prove f(x') <= f(x)": ("there is no class smoth", "did you mean smooth?"),
    "given f in smooth(mu, L), lr < 1/L; prove f(x') <= f(x)": ("smooth takes L", "write smooth(L)"),
    "given f in smooth(L), rl in (0, 1/L); prove f(x') <= f(x)": ("rl is not defined here", "did you mean lr?"),
    "given x in smooth(L); prove f(x') <= f(x)": ("x is no function, and smooth is said of functions", ""),
    "given f in convex f in smooth(L); prove f(x') <= f(x)": (
        "an operator is missing between `convex` and `f`", "conditions are separated by commas",
    ),
    "given f in convex; prove norm(x' - xstar) <= norm(x)": (
        "xstar is not defined here", "a minimiser is written argmin f, the value there min f",
    ),
    "given f in convex; prove f(x') <= f(x) - sqnorm(gradf(x))": ("gradf is not defined here", "write grad f"),
    "given f in convex; prove f(xnew) <= f(x)": ("xnew is not defined here", "x' is x after the step"),
    "given f in convex; prove f(x0) <= f(x)": ("x0 is not defined here", "x(0) is x at the start"),
    "for all k; given f in convex; prove f(x') <= k": (
        "k is already a name here", "it counts the steps; take another letter",
    ),
    "given f in smooth(L); at L = sqrt(2); prove f(x') <= f(x)": ("`at` takes rational numbers", ""),
    "given f in smooth(L)": ("the claim says nothing to prove", "add a line `prove ..` or `refute ..`"),
}  # fmt: skip

ALONE = {
    "prove x^2 >= 0": ("x is not defined here", "a claim binds names of its own by `for all`"),
    "forall x; prove x^2 >= 0": ("`forall` opens no line in a claim", "write for all"),
    "for all x; show x^2 >= 0": ("`show` opens no line in a claim", "write prove"),
    "for all x; prove decreases(x)": (
        "this speaks of a step, and there is none here", "write the claim in an algorithm",
    ),
    "for all f in convex; prove 1 = 1": (
        "convex is a class of functions; `for all` names a function with its argument",
        "write for all f(x), and given f in convex",
    ),
    "for all x; prove 2x >= x": ("a product needs its *", "write 2*x for 2x"),
}  # fmt: skip


def complaint(text: str):
    with pytest.raises(optgen.SpecError) as caught:
        optgen.verify(text, cache=False)
    (diagnostic,) = caught.value.diagnostics
    return diagnostic.message, diagnostic.help


@pytest.mark.parametrize(("lines", "said"), IN_A_METHOD.items())
def test_a_mistake_in_a_claim_of_a_method_is_one_message(lines, said):
    body = "".join(f"    {line.strip()}\n" for line in lines.split(";"))
    assert complaint(METHOD + body) == said


@pytest.mark.parametrize(("lines", "said"), ALONE.items())
def test_a_mistake_in_a_claim_alone_is_one_message(lines, said):
    assert complaint('claim "c"\n' + "".join(f"  {line.strip()}\n" for line in lines.split(";"))) == said


def test_a_refutation_in_a_class_without_interpolation_is_an_error():
    lines = "given f in pl(mu), f in smooth(L), mu <= L, lr = 1/L, beta = 0"
    goal = "refute f(x') - min f <= (1 - 2*mu/L)*(f(x) - min f)"
    message, help = complaint(f"{METHOD}    {lines}\n    {goal}\n")
    assert message == "'c' can't be refuted: no function in pl is known through points that violate it"
    assert help.startswith("refute it for a class inside this one")


def test_a_rate_without_numbers_says_which_ones():
    lines = "given f in smooth_strongly_convex(mu, L)\n    prove rate(norm(x - argmin f)) <= 0.9"
    (verdict,) = optgen.verify(f"{METHOD}    {lines}\n", cache=False)
    (tried,) = verdict.tried
    assert verdict.verdict == "unknown" and "give L, beta, lr, mu theirs by `at`" in tried[1]


def test_where_a_root_does_not_exist_nothing_is_claimed():
    (verdict,) = optgen.verify('claim "c"\n  for all x\n  prove sqrt(x)^2 = x\n', cache=False)
    assert verdict.verdict == "proved" and verdict.trust == "algebra"  # the sides are equal where they exist


def test_a_claim_without_a_name_is_called_by_its_line(tmp_path, capsys):
    (tmp_path / "a.opt").write_text("claim\n  for all x\n  prove x = x\n")
    invoke(["verify", str(tmp_path / "a.opt")])
    assert "the claim in line 1" in capsys.readouterr().out
