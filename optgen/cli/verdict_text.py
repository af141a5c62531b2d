"""Verdicts as text: the claim, its proof in mathematics, the counterexample in numbers, what was tried."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optgen import Verdict
    from optgen.diagnostics import Span

USED = re.compile(r"holds and is used$")
PLAIN = (  # names of the proof's own notation, and how an author writes them
    (re.compile(r"<(\w+)\[0:\w+\] \1\[0:\w+\]>"), r"|\1|^2"),
    (re.compile(r"<(\w+)\[0:\w+\] (\w+)\[0:\w+\]>"), r"<\1, \2>"),
    (re.compile(r"\(1\*<(\w+)\[@\d+\]>\)"), r"(\1)"),
    (re.compile(r"\[=(\d+)\]"), r"[\1]"),
    (re.compile(r"\[i\d*\]"), r"[i]"),
    (re.compile(r"<((?:grad |hess )?\w+(?:\(\w+\))?(?:\[[^\]<>]*\])?)>"), r"\1"),
    (re.compile(r"(?<![\w.])1\*(?=[^\d])"), ""),
    (re.compile(r" \|1\|\^2|(?<= )1 (?=\[)"), ""),
    (re.compile(r"\+ -"), "- "),
)


def details(verdict: Verdict) -> Iterator[str]:
    """Lines below the line of a verdict."""
    if verdict.bracket:
        yield verdict.bracket
    if verdict.certificate is not None:
        yield from (plain(line) for line in proof_lines(verdict.certificate))
        yield from checked(verdict.words)
    if verdict.counterexample is not None:
        yield from example_lines(verdict.counterexample)
        yield from verdict.words
    if verdict.verdict == "unknown":
        for method, outcome, seconds in verdict.tried:
            yield f"{method}: {outcome} ({seconds:.2f} s)"


def claim_lines(span: Span | None) -> list[str]:
    """What the claim says, as it stands in the file."""
    if span is None:
        return []
    text = span.source.text
    start = text.rfind("\n", 0, span.start) + 1
    header, *rest = text[start:].split("\n")
    depth = len(header) - len(header.lstrip())
    found = []
    for line in rest:
        if line.strip() and len(line) - len(line.lstrip()) <= depth:
            break
        if line.strip():
            found.append(line.strip())
    return found


def plain(line: str) -> str:
    """A line without the notation that only the prover needs."""
    for pattern, written in PLAIN:
        line = pattern.sub(written, line)
    return line


def checked(words: Sequence[str]) -> Iterator[str]:
    """What the checker checked; inequalities of classes by their number."""
    used = sum(bool(USED.search(word)) for word in words)
    if used:
        many = "1 inequality of the classes holds" if used == 1 else f"{used} inequalities of the classes hold"
        yield f"checked: {many} where used"
    for word in dict.fromkeys(word.removeprefix("claim: ") for word in words if not USED.search(word)):
        yield f"checked: {word}"


def proof_lines(certificate: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """The proof of each part, in the words of the prover; ends of the domain under what holds there."""
    if certificate.get("where") and has_lines(certificate):
        yield f"{indent}Where {certificate['where']}:"
        indent += "  "
    if certificate["kind"] == "all":
        for part in certificate["parts"]:
            yield from proof_lines(part, indent)
        return
    yield from (indent + line for line in certificate.get("mathematics", ()))
    if certificate["kind"] == "smt":
        yield f"{indent}{' and '.join(certificate['solvers'])} found that no numbers satisfy all of"
        yield from (f"{indent}  {line}" for line in conditions(certificate["script"]))


def has_lines(certificate: Mapping[str, Any]) -> bool:
    if certificate["kind"] == "all":
        return any(has_lines(part) for part in certificate["parts"])
    return bool(certificate.get("mathematics"))


# ---------------------------------------------------------------- counterexamples


def example_lines(example: Mapping[str, Any]) -> Iterator[str]:
    """The numbers, the functions, what is violated."""
    numbers = ", ".join(f"{plain(name)} = {number}" for name, number in example.get("params", {}).items())
    if numbers:
        yield f"at {numbers}"
    for name, data in example.get("functions", {}).items():
        yield from FUNCTIONS.get(data["kind"], other_function)(name, data)
    vectors = example.get("points", {})
    for name, vector in sorted(vectors.items(), key=lambda item: "'" in item[0]):
        yield f"{name} = {vector_text(vector)}"
    if example.get("violated"):
        yield VIOLATED.sub(r"the larger side minus the smaller one is \1", example["violated"])


VIOLATED = re.compile(r"^claim is (\S+), below 0$")


def vector_text(vector: Sequence[str]) -> str:
    return vector[0] if len(vector) == 1 else f"({', '.join(vector)})"


def quadratic_function(name: str, data: Mapping[str, Any]) -> Iterator[str]:
    c = data["curvature"]
    yield f"{name}(x) = {f'({c})' if '/' in c else c}/2 |x|^2"


def interpolant(name: str, data: Mapping[str, Any]) -> Iterator[str]:
    high = data["high"]
    bounds = f"{data['low']} or more" if high is None else f"{data['low']} to {high}"
    kind = "smallest" if high is None else "largest"
    yield f"{name} is the {kind} function with second derivatives of {bounds} and"
    for x, g, f in zip(data["x"], data["g"], data["f"], strict=True):
        yield f"  {name}({', '.join(x)}) = {f}, {name}'({', '.join(x)}) = {vector_text(g)}"


def bent(name: str, data: Mapping[str, Any]) -> Iterator[str]:
    right = data.get("right")
    ends = data["slope"] if right is None else f"{data['slope']} on the left and {right} on the right"
    yield f"{name} has a derivative that is linear between the points below, and beyond them of slope {ends}"
    yield "  " + ", ".join(f"{name}'({x}) = {g}" for x, g in data["knots"])


def other_function(name: str, data: Mapping[str, Any]) -> Iterator[str]:
    yield f"{name}: {data['kind']}, " + ", ".join(f"{key} = {value}" for key, value in data.items() if key != "kind")


def diagonal(name: str, data: Mapping[str, Any]) -> Iterator[str]:
    yield f"{name}(x) = {bowl(data)}"


def bowl(data: Mapping[str, Any]) -> str:
    """A sum of parabolas, one an entry."""
    pairs = enumerate(zip(data["curvatures"], data["centre"], strict=True), 1)
    terms = [f"({c})/2 ({f'x[{k}]' if m == '0' else f'x[{k}] - {m}'})^2" for k, (c, m) in pairs]
    return " + ".join(terms).replace("- -", "+ ")


def tilted(name: str, data: Mapping[str, Any]) -> Iterator[str]:
    scale = "" if data["scale"] == "0" else f"(1 + {data['scale']}) "
    yield f"{name}(x) = {scale}({bowl(data['whole'])}) + <({', '.join(data['slope'])}), x>"


def samples(name: str, data: Mapping[str, Any]) -> Iterator[str]:
    answers = (f"{name}'({', '.join(x)}) = {vector_text(g)}" for x, g in zip(data["x"], data["g"], strict=True))
    yield f"a member {name} of the class goes through {'; '.join(answers)}"


FUNCTIONS = {"QuadraticFunction": quadratic_function, "Interpolant": interpolant, "PiecewiseLinearGradient": bent,
             "Diagonal": diagonal, "Tilted": tilted, "Samples": samples}  # fmt: skip


# ---------------------------------------------------------------- SMT-LIB as mathematics


TOKEN = re.compile(r"\|[^|]*\||[()]|[^\s()]+")


def conditions(script: str) -> Iterator[str]:
    """The assertions of a script, in infix."""
    for line in script.splitlines():
        if line.startswith("(assert "):
            yield plain(infix(nested(TOKEN.findall(line))[1]))


def nested(tokens: Sequence[str]) -> Any:
    """The tree of one bracketed line."""
    stack: list[list[Any]] = [[]]
    for token in tokens:
        if token == "(":
            stack.append([])
        elif token == ")":
            made = stack.pop()
            stack[-1].append(made)
        else:
            stack[-1].append(token.strip("|"))
    return stack[0][0]


def infix(term: Any) -> str:
    """An SMT-LIB term as an author would write it."""
    match term:
        case str():
            return term
        case ["not", ["=", left, right]]:
            return f"{infix(left)} != {infix(right)}"
        case ["not", inner]:
            return f"not {infix(inner)}"
        case ["-", only]:
            return f"-{grouped(only)}"
        case ["ite", condition, then, otherwise]:
            return f"(if {infix(condition)} then {infix(then)} else {infix(otherwise)})"
        case [("=>" | "and" | "or") as word, *parts]:
            return f" {word} ".join(grouped(part) for part in parts)
        case [("+" | "-" | "<" | "<=" | ">" | ">=" | "=") as word, *parts]:
            return f" {word} ".join(infix(part) for part in parts)
        case [("*" | "/") as word, *parts]:
            return str(word).join(grouped(part) for part in parts)
    return str(term)


def grouped(term: Any) -> str:
    text = infix(term)
    return f"({text})" if isinstance(term, list) and term[0] not in ("*", "/", "ite") else text


def latex_of(certificate: Mapping[str, Any]) -> Iterator[str]:
    """Displayed equations of a proof."""
    if certificate["kind"] == "all":
        for part in certificate["parts"]:
            yield from latex_of(part)
        return
    yield from certificate.get("latex", ())
