"""A certificate as mathematics: the multipliers, the inequalities they belong to, the sum of squares that is left."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from optgen.proof.certificate import Certificate, Square, eliminated_squares
from optgen.proof.interpolation import CLASSES, Class
from optgen.proof.linear import LinearMethod, closed_loop
from optgen.proof.mathematics import form_text, joined_terms, number_latex, number_text, quadratic_text
from optgen.proof.meanings import characteristic, jury
from optgen.proof.polynomial import Number, symbol
from optgen.proof.problem import ONE, Form, Interval, Membership, Oracle, Point, Problem, Statement, value, vector
from optgen.proof.program import program

TITLES = {
    "claim": "the larger side minus the smaller one",
    "decrease": "the rate times V, minus V after the step",
    "positive": "V minus the quantity of the claim",
}
KINDS = {"pair": "pairs", "both": "unordered", "point": "points", "star": "star"}  # of labels, as fields of a class
LONG = 14  # characters of a number that is still shown in full
ROOT = re.compile(r"sqrt\(\((\w+)\)/\((\w+)\)\)")
STEP = re.compile(r"(\w+)\.(\d+)\.(\d+)")  # of a method with several steps: oracle, which of its answers, step


def explained(proof: Certificate) -> list[str]:
    """The proof in lines of text."""
    problem = proof.problem
    lines = [domain_text(problem.domain)] if problem.domain else []
    if proof.unknowns:
        chosen = (f"{shown(number)} {name}" for name, number in proof.unknowns.items() if number != 0)
        lines.append(f"Take V = {joined_terms(chosen)}.")
    for statement in problem.statements:
        number = statement.claim.values.get(ONE)
        if number is not None and not statement.claim.products and len(statement.claim.values) == 1:
            lines.append(f"{shown(number)} >= 0 by the signs of its coefficients")
            continue
        lines.append(TITLES.get(statement.name, statement.name))
        signs = iter(["=", *"+" * 10**4])
        terms = list(statement_terms(proof, statement))
        lines += [f"  {next(signs)} {term}" for term in terms] or ["  = 0"]
    lines += [f"{'   and' if place else 'where'} {line}" for place, line in enumerate(definitions(proof))]
    if any("~" in line for line in lines):
        lines.append("(~ is before numbers that are shown rounded: the certificate has them exactly)")
    return [renamed(line) for line in lines]


def shown(number: Number) -> str:
    """A number as text; a quotient of long numbers rounded, as only its size tells a reader anything."""
    text = number_text(number)
    if not isinstance(number, Fraction) or len(text) <= LONG:
        return text
    return ("-" if number < 0 else "") + f"~{float(abs(number)):.6g}"


def statement_terms(proof: Certificate, statement: Statement) -> Iterator[str]:
    """What a statement is the sum of."""
    for label, weight in proof.multipliers[statement.name].items():
        yield f"{shown(weight)} [{condition_text(proof.problem, label)}]"
    for label, directions in proof.matrices[statement.name].items():
        for weight, direction in directions:
            along = ", ".join(shown(c) for c in direction)
            yield f"{shown(weight)} [{condition_text(proof.problem, label)}] along ({along})"
    for weight, form in sum_of_squares(proof, statement):
        yield f"{shown(weight)} |{form_text(form, shown)}|^2"


def definitions(proof: Certificate) -> Iterator[str]:
    """What the names of a proof stand for: its points, and the inequality behind each word."""
    labels = list(dict.fromkeys(label for m in proof.multipliers.values() for label in m))
    named = {name for label in labels for name in label.split(" ")[4:]}
    for oracle in proof.problem.oracles:
        for point in oracle.points:
            place = form_text(point.x, shown)
            if point.name in named and place != point.name:
                anywhere = ", as the origin may lie anywhere" if place == "0" else ""
                yield f"{point.name} = {place}" + (", a minimiser" if point.minimiser else anywhere)
    seen: set[str] = set()
    for label in labels:
        made = inequality(proof.problem, label)
        if made is not None and made not in seen:
            seen.add(made)
            yield made


def inequality(problem: Problem, label: str) -> str | None:
    """`[f is L-smooth at a, b] is f(a) - f(b) - <f'(b), d> ... >= 0`, written out from the rule of its class."""
    given = problem.assumptions.get(label)
    if given is not None:
        return f"[{label}] is {quadratic_text(given, shown)} >= 0"
    name, word, kind, number, *_ = [*label.split(" "), "", "", "", ""]
    oracle = next((o for o in problem.oracles if o.name == name), None)
    if oracle is None or word not in CLASSES or kind not in KINDS:
        return None
    found: Class = CLASSES[word]
    membership = next((c for c in oracle.classes if c.name == word), None)
    if membership is None:
        return None
    rule = getattr(found, KINDS[kind])[int(number)]
    answer = "A" if found.operator else f"{name}'"
    if kind == "point":
        made, points, moved = rule(generic("a", answer, name), *membership.arguments), "a", ""
    else:
        made = rule(*generic_pair(oracle, answer, kind), *membership.arguments)
        points, moved = ("a, b", f"; d = a - b, h = {answer}(a) - {answer}(b)")
    return f"[{name} is {meaning_of(membership)} at {points}] is {quadratic_text(made, shown)} >= 0{moved}"


def generic(point: str, answer: str, name: str) -> Point:
    return Point(point, vector(point), vector(f"{answer}({point})"), value(f"{name}({point})"))


def generic_pair(oracle: Oracle, answer: str, kind: str) -> tuple[Point, Point]:
    """a = b + d with the answer of b and h; a minimiser b is 0 and has no slope."""
    base = generic("b", answer, oracle.name)
    if kind == "star":
        base = Point("b", Form({}), Form({}), value(f"{oracle.name}(b)"), minimiser=True)
    return Point("a", base.x + vector("d"), base.g + vector("h"), value(f"{oracle.name}(a)")), base


def latex(proof: Certificate) -> list[str]:
    """One displayed equation a statement: claim = multipliers times inequalities + squares."""
    displays = []
    for statement in proof.problem.statements:
        terms = [
            f"{number_latex(weight)}\\,\\left[\\text{{{condition_text(proof.problem, label)}}}\\right]"
            for label, weight in proof.multipliers[statement.name].items()
        ]
        terms += [
            f"{number_latex(weight)}\\left\\|{form_text(form, number_latex)}\\right\\|^2"
            for weight, form in sum_of_squares(proof, statement)
        ]
        displays.append(renamed(f"\\text{{{statement.name}}} = " + " + ".join(terms or ["0"])))
    return displays


def sum_of_squares(proof: Certificate, statement: Statement) -> tuple[Square, ...]:
    """The squares of a statement's residual; with numbers they follow by elimination."""
    if proof.problem.symbols() or statement.name in proof.squares:
        return tuple(proof.squares.get(statement.name, ()))
    given = program(proof.problem)
    values: list[Number] = []
    for variable in given.variables:
        if variable.statement is None:
            values.append(proof.unknowns[variable.label])
        elif variable.kind == "matrix":
            i, j = variable.place
            weight = proof.matrices[variable.statement][variable.label]
            values.append(sum((w * v[i] * v[j] for w, v in weight), start=Fraction(0)))
        else:
            values.append(proof.multipliers[variable.statement].get(variable.label, Fraction(0)))
    block = next((b for b in given.blocks if b.name == statement.name), None)
    return () if block is None else eliminated_squares(block, values)


def condition_text(problem: Problem, label: str) -> str:
    """`f smooth pair 0 x x'`  ->  `f is L-smooth at x, x'`."""
    name, word, *rest = label.split(" ")
    oracle = next((o for o in problem.oracles if o.name == name), None)
    membership = next((c for c in oracle.classes if c.name == word), None) if oracle is not None else None
    if membership is None or word not in CLASSES:
        return label
    meaning = meaning_of(membership)
    return f"{name} is {meaning}" + (f" at {', '.join(rest[2:])}" if rest[2:] else "")


def meaning_of(membership: Membership) -> str:
    """What a class means, with its arguments in the place of its parameters."""
    found = CLASSES[membership.name]
    written = {p: "inf" if a is None else number_text(a) for p, a in zip(found.parameters, membership.arguments)}
    words = "|".join(map(re.escape, written))
    return re.sub(rf"\b(?:{words})\b", lambda m: written[m[0]], found.meaning) if words else found.meaning


def renamed(line: str) -> str:
    """Points of a method's steps by the number of the step: `f.0.1` is y1, its slope f'(y1), its value f(y1)."""
    line = ROOT.sub(r"sqrt(\1/\2)", line)
    line = re.sub(r"\bf (\w+)\.\d+\.(\d+)", r"\1(y\2)", line)
    inside = re.sub(r"(\[[^\]]* at )([^\]]*)\]", lambda m: m[1] + STEP.sub(r"y\3", m[2]) + "]", line)
    head, equals, rest = inside.partition(" = ")
    if head.startswith(("where ", "   and ")) and STEP.search(head):
        inside = STEP.sub(r"y\3", head) + equals + rest
    return STEP.sub(r"\1'(y\3)", inside)


def domain_text(domain: tuple[Interval, ...]) -> str:
    return f"For all {', '.join(interval_text(interval) for interval in domain)}:"


def interval_text(interval: Interval) -> str:
    low = "-inf" if interval.low is None else shown(interval.low)
    high = "inf" if interval.high is None else shown(interval.high)
    left, right = "[" if interval.low_closed else "(", "]" if interval.high_closed else ")"
    if interval.high is None and interval.low is not None:
        return f"{interval.name} {'>=' if interval.low_closed else '>'} {low}"
    return f"{interval.name} in {left}{low}, {high}{right}"


# ---------------------------------------------------------------- stability


def explained_stability(method: LinearMethod, curvature: str) -> list[str]:
    """The characteristic polynomial of a step on quadratics, and the conditions of Jury."""
    found = characteristic(closed_loop(method, symbol(curvature)))
    powers = range(len(found) - 1, -1, -1)
    terms = [f"{shown(c)} {'z' if k == 1 else f'z^{k}' if k else ''}".strip() for c, k in zip(found, powers)]
    names = ", ".join(method.states)
    return [
        f"On a quadratic a step maps ({names}) linearly; its eigenvalues z are the roots of",
        f"  {joined_terms(t.removeprefix('1 ') for t in terms if t != '0' and not t.startswith('0 '))}",
        "They lie inside the unit circle, since (Jury)",
        *(f"  {shown(number)} > 0" for number in jury(found)),
    ]
