"""A lemma's certificate: its goal, what is given, and the facts and squares that the goal is the sum of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from optgen.proof.assumptions import Question
from optgen.proof.certificate import Certificate
from optgen.proof.check import Signs
from optgen.proof.contractions import Factor, pivot_of
from optgen.proof.polynomial import Number, at, names_of, symbol, to_json
from optgen.proof.problem import Form, domain_to_json
from optgen.proof.ranges import names as contractions_of
from optgen.proof.reductions import Recording, Reduction, summed
from optgen.proof.terms import Reader, Term, renamed
from optgen.proof.written import Item, Quotient, Rejected, number


def stated(question: Question) -> dict[str, Any]:
    """The problem of a question as data, without bounds of numbers."""
    rules = question.rules
    extents = {name: axes for _, name, axes in question.inputs}
    given: dict[str, Any] = dict(flat(question.assumptions))
    for z, (matrix, labels, entry) in rules.solutions.items():
        own, others = labels.split()[0], labels.split()[1:]
        product = ["*", ["atom", matrix, own, "j~"], ["atom", z, "j~", *others]]
        given[f"{matrix} {z} = b"] = ["=", ["sum", "j~", extents[matrix][1], product], entry]
    for left, right in sorted(rules.inverse):
        product = ["*", ["atom", left, "i~", "j~"], ["atom", right, "j~", "k~"]]
        given[f"{left} {right} = I"] = ["=", ["sum", "j~", extents[left][1], product], ["same", "i~", "k~"]]
    return {
        "oracles": [],
        "statements": [{"name": "claim", "goal": list(question.goal)}],
        "domain": [],
        "assumptions": {},
        "equalities": {},
        "values": {name: [list(labels), value] for name, (labels, value) in rules.values.items()},
        "given": given,
        "symmetric": sorted({*rules.symmetric, *rules.psd}),
        "psd": sorted(rules.psd),
        "normal": sorted(rules.normal),
    }


def flat(assumptions: Sequence[Term], name: str = "given") -> Iterator[tuple[str, Term]]:
    """Conjunctions one by one, under names; what is no relation is not used."""
    for place, assumption in enumerate(assumptions, 1):
        if assumption[0] == "and":
            yield from flat(assumption[1:], f"{name} {place},")
        elif assumption[0] in ("=", "<", "<=", ">", ">="):
            yield f"{name} {place}", list(assumption)


def reduction(question: Question, problem: Mapping[str, Any]) -> Reduction:
    facts = Recording(problem)
    systems = {f"{a} {z} = b": (a, z, labels.split()) for z, (a, labels, _) in question.rules.solutions.items()}
    systems |= {f"{a} {b} = I": (a, b, ["i~", "k~"]) for a, b in question.rules.inverse}
    equations = [found for label, (word, *_) in facts.given.items() if word == "=" and label not in systems
                 for found in pivot(facts, label)]  # fmt: skip
    _, left = facts.relation(*question.goal)
    return Reduction(facts, left, systems, equations)


def pivot(facts: Recording, label: str) -> Iterator[tuple[str, Item, Fraction]]:
    _, fact = facts.find(label)
    found = pivot_of(fact.top)  # type: ignore[arg-type]
    if found is not None:
        item = found[0]
        yield label, item, fact.top[((item, 1),)]


def identity(question: Question) -> dict[str, Any] | None:
    """A certificate that both sides are equal; None if the reductions leave something."""
    if question.goal[0] not in ("=", "<=", ">="):
        return None
    problem = stated(question)
    try:
        work = reduction(question, problem)
        if work.run().top:
            return None
    except Rejected:
        return None
    return certificate({**problem, "statements": [{"name": "claim", "goal": ["=", *question.goal[1:]]}]}, work)


def certificate(
    problem: Mapping[str, Any], work: Reduction, squares: Any = (), multipliers: Any = ()
) -> dict[str, Any]:
    return {
        "kind": "sum",
        "problem": problem,
        "lemmas": [{"name": name, "goal": goal} for name, (goal, _) in work.lemmas.items()],
        "multipliers": {"claim": dict(multipliers)},
        "uses": {"claim": work.uses, **{name: uses for name, (_, uses) in work.lemmas.items()}},
        "matrices": {},
        "squares": {"claim": list(squares)},
    }


# ---------------------------------------------------------------- inequalities


def inequality(question: Question, reader: Reader, proof: Certificate) -> dict[str, Any] | None:
    """A certificate of an inequality from one in contractions: multipliers of what is given, squares, a sign."""
    problem = stated(question)
    try:
        return checked(question, reader, proof, problem)
    except (Rejected, Unwritten, ZeroDivisionError):
        return None


def checked(question: Question, reader: Reader, proof: Certificate, problem: dict[str, Any]) -> dict[str, Any]:
    names = Contractions(question, reader)
    first = reduction(question, problem)
    for interval in proof.problem.domain:
        if names.term(interval.name)[0] == "exp" and turned(names, interval.name, first):
            proof = opposite(proof, interval.name)
            names.turned.add(interval.name)
    used = proof.multipliers.get("claim", {})
    squares = proof.squares.get("claim", ())
    numbers = [*used.values(), *(w for w, _ in squares), *(c for _, form in squares for c in form.terms.values())]
    seen = {interval.name for interval in proof.problem.domain} | {name for n in numbers for name in names_of(n)}
    problem["values"] |= {name: [[], names.term(name)] for name in sorted(seen)}
    work = reduction(question, problem)
    problem["domain"], problem["reasons"], work.positive = bounded(work.facts, proof, problem)
    multipliers = {label: to_json(n) for label, n in used.items()}
    for label, coefficient in multipliers.items():
        work.left = work.left - work.facts.read(coefficient) * work.facts.find(label)[1]
    written = [names.square(weight, form) for weight, form in squares]
    for weight, form, *sums in written:
        root = work.facts.read(form)
        work.left = work.left - work.facts.sums(work.facts.read(weight) * root * root, *sums)
    work.run()
    return certificate(problem, work, written, multipliers)


def turned(names: Contractions, name: str, work: Reduction) -> bool:
    """Whether the goal has exp(-u) where the proof has exp(u)."""
    here, there = (set(work.facts.read(term).items()) for term in (names.term(name), names.opposite(name)))
    return there <= work.left.items() and not here <= work.left.items()


def opposite(proof: Certificate, name: str) -> Certificate:
    """The proof in 1/e for a number e in (0, inf) or [1, inf)."""
    instead = {name: 1 / symbol(name)}
    domain = []
    for i in proof.problem.domain:
        if i.name == name:
            top = i.low if i.low_closed else None
            domain.append(replace(i, low=Fraction(0), low_closed=False, high=top, high_closed=i.low_closed))
        else:
            low, high = (None if end is None else at(end, instead) for end in (i.low, i.high))
            domain.append(replace(i, low=low, high=high))
    multipliers = {s: {k: at(n, instead) for k, n in found.items()} for s, found in proof.multipliers.items()}
    squares = {
        s: tuple((at(w, instead), Form({k: at(c, instead) for k, c in form.terms.items()})) for w, form in found)
        for s, found in proof.squares.items()
    }
    problem = replace(proof.problem, domain=tuple(domain))
    return replace(proof, problem=problem, multipliers=multipliers, squares=squares)


def bounded(facts: Recording, proof: Certificate, problem: Any) -> tuple[list[Any], dict[str, Any], frozenset[Item]]:
    """The domain as data, why each bound holds, and which numbers are positive."""
    domain: list[Any] = []
    reasons: dict[str, Any] = {}
    positive: set[Item] = set()
    for name, *ends, low_closed, high_closed in domain_to_json(proof.problem.domain):
        signs = Signs(facts, {**problem, "domain": domain, "reasons": reasons}, ())
        value = facts.read(name)
        (item,) = value.items()
        found: list[Any] = []
        for end, sign, closed in zip(ends, (1, -1), (low_closed, high_closed), strict=True):
            gap = None if end is None else number(sign) * (value - facts.read(end))
            found.append(None if gap is None else next(why(facts, signs, item, gap, bool(closed)), None))
        kept = [end if reason else None for end, reason in zip(ends, found, strict=True)]
        domain.append([name, *kept, low_closed, high_closed])
        reasons[str(name)] = found
        low = None if kept[0] is None else facts.read(kept[0])
        if low is not None and signs.hold(low) and (not low_closed or signs.hold(low, strict=True)):
            positive.add(item)
    return domain, reasons, frozenset(positive)


def why(facts: Recording, signs: Signs, item: Item, gap: Quotient, closed: bool) -> Iterator[list[Any]]:
    """Facts that say gap >= 0, times a positive number."""
    for label in [*evident(facts, item), *facts.given]:
        word, fact = facts.find(label)
        if (word == ">" or (word == ">=" and closed)) and fact.top:
            factor = facts.cancelled(gap * fact.inverse())
            try:
                if signs.hold(facts.read(factor), strict=True):
                    yield [label, factor]
            except Rejected:
                continue


def evident(facts: Recording, item: Item) -> Iterator[list[Any]]:
    """Laws that bound what an item is."""
    match item:
        case ((name, _),) if name in facts.made:
            head, *argument = facts.factor(item[0])
            if head in LOWEST and len(argument) == 1:
                yield ["law", LOWEST[head], *argument]
            if head == "exp":
                yield from sizes(facts, facts.read(argument[0]))
        case ((a, (i,)), (b, (j,))) if a == b and i == j and ":" in i:
            yield ["law", "squares", facts.factor((a, ("s~",))), "s~", i.split(":")[1]]
        case ((matrix, (i, j)), (a, (k,)), (b, (m,))) if matrix in facts.psd and a == b and {i, j} == {k, m}:
            yield ["form", matrix, facts.factor((a, ("s~",))), "s~", "s~" if i == j else "t~", i.split(":")[1]]


def relation_of_numbers(side: Term) -> bool:
    """Whether it is a side of a relation, not a condition inside a connective."""
    return isinstance(side, str) or (isinstance(side, list) and side[0] not in RELATIONS | {"and", "or", "not"})


UNIT = "<1>"  # the number 1 as a vector of a quadratic form in numbers
RELATIONS = {"=", "!=", "<", "<=", ">", ">="}


def sizes(facts: Recording, value: Quotient) -> Iterator[list[Any]]:
    """An exponential of plus or minus an absolute value, or a root, lies on one side of 1."""
    if value.bottom or set(value.top.values()) not in ({1}, {-1}):
        return
    ((monomial, c),) = value.top.items() if len(value.top) == 1 else (((), 0),)
    if len(monomial) == 1 and monomial[0][1] == 1 and len(monomial[0][0]) == 1:
        head, *argument = facts.factor(monomial[0][0][0])
        if head in ("abs", "sqrt"):
            yield ["law", f"exponential of {'minus ' * (c < 0)}a {'size' if head == 'abs' else 'root'}", *argument]


LOWEST = {"sqrt": "root is not negative", "abs": "size is not negative", "exp": "exponential is positive"}


class Unwritten(Exception):
    """A contraction that has no term."""


def is_product(item: Any) -> bool:
    """A product of two vectors."""
    labels = {label for _, ls in item for label in ls}
    return len(item) == 2 and len(labels) == 1 and all(len(ls) == 1 for _, ls in item) and ":" in labels.pop()


class Contractions:
    """Terms for the contractions of a question, by the names they have in its proofs."""

    def __init__(self, question: Question, reader: Reader) -> None:
        self.reader = reader
        sides = [side for relation in (question.goal, *question.assumptions) for side in relation[1:]]
        written = [reader.normal(side) for side in sides if relation_of_numbers(side)]
        found = [*written, *(reader.reduced(value) for value in written)]
        self.items = {name: item for value in found for name, item in contractions_of(value).items()}
        products = [item for item in self.items.values() if is_product(item)]
        self.turned: set[str] = set()
        self.vectors = {name: labels[0].split(":")[1] for item in products for name, labels in item}

    def term(self, name: str) -> Term:
        if name == UNIT:
            return "1"
        if name in self.turned:
            return self.opposite(name)
        if name not in self.items:
            raise Unwritten(name)
        return self.item(self.items[name])

    def opposite(self, name: str) -> Term:
        head, u = self.item(self.items[name])
        return [head, ["*", "-1", u]]

    def square(self, weight: Number, form: Form) -> list[Any]:
        """[weight, form] of numbers, or [weight, form, the labels to sum over] of vectors."""
        kinds = {name in self.vectors for name in form.terms}
        if kinds == {True}:
            (extent,) = {self.vectors[name] for name in form.terms}
            parts = [["*", to_json(c), self.factor((name, ("s~",)))] for name, c in form.terms.items()]
            return [to_json(weight), ["+", *parts], [["s~", extent]]]
        if kinds == {False}:
            return [to_json(weight), ["+", *(["*", to_json(c), self.term(n)] for n, c in form.terms.items())]]
        raise Unwritten("a sum of vectors and numbers")

    def item(self, item: Any) -> Term:
        return summed(item, self.factor)

    def factor(self, factor: Factor) -> Term:
        name, labels = factor
        reader = self.reader
        if name in reader.asked_at:
            term, outside = reader.asked_at[name]
            return [*renamed([*term, []], dict(zip(outside, labels)))[:-1], list(labels[len(outside) :])]
        if name in reader.made_of:
            function, arguments, order = reader.made_of[name]
            places = dict(zip(order, labels, strict=True))
            return ["inverse" if function == "/" else function, *(renamed(self.quotient(a), places) for a in arguments)]
        if name.startswith("1/"):
            return ["^", self.factor((name[2:], labels)), "-1"]
        return [name, *labels] if name in ("same", "before") else ["atom", name, *labels]

    def quotient(self, value: Any) -> Term:
        return ["/", self.polynomial(value.top), self.polynomial(value.bottom)]

    def polynomial(self, polynomial: Any) -> Term:
        parts = []
        for monomial, c in sorted(polynomial.items()):
            if any(int(power) != power for _, power in monomial):
                raise Unwritten("a broken power")
            parts.append(["*", str(c), *(["^", self.item(item), int(power)] for item, power in monomial)])
        return ["+", *parts] if parts else "0"
