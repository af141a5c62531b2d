"""For which params a claim speaks: its `given` and `at`, as comparisons over the inputs of the program that runs.

A claim speaks of a program only where the problem's `where` says that its functions are in the claim's classes; then
the constants of these classes are formulas over the problem's data.  What can't be said over params and data (a state,
a name of `for all`) leaves a claim out if a param stands beside it, and is passed over if not: the claim may then speak
of less than its region, never of other params.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from optgen.diagnostics import Span, SpecError
from optgen.ir import claims as out
from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.program import Slot
from optgen.language import tree
from optgen.passes.lower import arithmetic as math
from optgen.passes.lower.binders import parts
from optgen.passes.lower.classes import CLASSES
from optgen.passes.lower.context import Context
from optgen.passes.lower.problems import Poisoned
from optgen.passes.lower.values import Function, Grid, number

Constants = Mapping[str, tuple[Any, ...]]


class _Silent(Exception):
    """The claim has no region here."""


def regions(group: tree.Group, slots: Sequence[Slot], context: Context) -> tuple[out.Region, ...]:
    """The regions of an algorithm's claims; `context` is where its params and functions are names."""
    inputs = frozenset(slot.input for slot in slots if slot.kind in ("param", "data"))
    targets = [declaration.target for line in group.lines("param") for declaration in line.declarations]
    params = {target.name for target in targets if isinstance(target, tree.Name)}
    found: list[out.Region] = []
    for claim in group.groups("claim"):
        lines = [relation for line in claim.lines("given", "at") for relation in line.relations]
        if not any(_mentions(relation, params) for relation in lines):
            continue
        made = _quietly(context, partial(_region, claim, lines, params, inputs, context))
        if made is not None:
            found.append(made)
    return tuple(found)


def _quietly(context: Context, work: Callable[[], out.Region]) -> out.Region | None:
    """The work, whose problems are those of the claim (`check` tells them), not of the program."""
    diagnostics = context.program.diagnostics
    before = len(diagnostics)
    try:
        return work()
    except (SpecError, Poisoned, _Silent):
        return None
    finally:
        del diagnostics[before:]


def _region(
    claim: tree.Group, lines: list[tree.Relation], params: set[str], inputs: frozenset[ir.Input], context: Context
) -> out.Region:
    inner = replace(context, scope=context.scope.child(), failures=[])
    constants: list[tuple[ir.Input, ir.Scalar]] = []
    applies: list[out.Relation] = []
    rest: list[tree.Relation] = []
    for relation in lines:
        taken = _membership(relation, inner)
        if taken is None:
            rest.append(relation)
        else:
            for name, value in taken[0]:
                if not inner.known(name):
                    made = ir.Input(name, "real")
                    inner.scope.names[name] = number(ir.access(made))
                    constants.append((made, math.to_real(value).scalar))
            names = [name for name, _ in taken[0]]
            applies += _facts_of_class(taken[1], names, relation.span, inner)
    inputs |= {made for made, _ in constants}
    facts: list[out.Relation] = []
    words: list[str] = []
    for relation in rest:
        if not _mentions(relation, params):
            applies += _facts(relation, inputs, inner, needed=False)
            continue
        facts += _facts(relation, inputs, inner, needed=True)
        words.append(relation.span.text)
    named = frozenset(name for name in params if any(_mentions(relation, {name}) for relation in rest))
    kind = claim.lines("prove", "refute")
    return out.Region(
        claim.name,
        "refute" if kind and kind[0].kind == "refute" else "prove",
        named,
        tuple(applies),
        tuple(facts),
        tuple(constants),
        ", ".join(words),
        claim.span,
    )


# ---------------------------------------------------------------- classes


def _membership(relation: tree.Relation, context: Context) -> tuple[list[tuple[str, Grid]], str] | None:
    """`f in smooth(L)`: its names with what they are here, and the class; None if the relation is none.

    A claim about other functions than those at hand has no region.
    """
    match relation:
        case tree.Relation(left=tree.Comparison(first=tree.Name(name=name, span=span), rest=(("in", within),))):
            value = context.lookup(name, span)
        case _:
            return None
    if not isinstance(value, Function):
        return None
    word = within.function if isinstance(within, tree.Call) else within
    known = implied(word.name, value.constants) if isinstance(word, tree.Name) else None
    arguments = [a.value for a in within.arguments] if isinstance(within, tree.Call) else []
    names = [a.name for a in arguments if isinstance(a, tree.Name)]
    if known is None or not isinstance(word, tree.Name) or len(names) != len(arguments) or len(names) != len(known):
        raise _Silent
    return list(zip(names, known, strict=True)), word.name


def implied(word: str, constants: Constants) -> tuple[Any, ...] | None:
    """The constants with which a function of these classes is in the class `word`; None if that is not said."""
    low, high = _curvatures(constants)
    match word:
        case _ if word in constants:
            return constants[word]
        case "convex" if low is not None:
            return ()
        case "strongly_convex" if low is not None:
            return (low,)
        case "smooth" if high is not None:
            return (high,)
        case "smooth_strongly_convex" if low is not None and high is not None:
            return (low, high)
    return None


def _curvatures(constants: Constants) -> tuple[Any, Any]:
    """The least curvature of a convex function, the largest of a smooth one; None where nothing is said."""
    both = constants.get("smooth_strongly_convex")
    if both is not None:
        return both
    low = constants.get("strongly_convex", (None,))[0]
    if low is None and "convex" in constants:
        low = number(ir.constant(0, "real"))
    return low, constants.get("smooth", (None,))[0]


def _facts_of_class(word: str, names: Sequence[str], span: Span, context: Context) -> Iterator[out.Relation]:
    """What must hold of a class's constants: a convex problem is not strongly convex with 0."""
    found = CLASSES[word]
    of = {p: math.to_real(context.lookup(n, span)).scalar for p, n in zip(found.parameters, names, strict=True)}
    for left, operator, right in found.domain:
        other = of[right] if isinstance(right, str) else ir.constant(right, "real")
        yield out.Relation(operator, ir.array((), of[left]), ir.array((), other), span)  # type: ignore[arg-type]


# ---------------------------------------------------------------- facts


def _facts(relation: tree.Relation, inputs: frozenset[ir.Input], context: Context, needed: bool) -> list[out.Relation]:
    """A relation as comparisons of numbers over inputs; what is none of that is nothing, or ends the work if needed."""
    from optgen.passes.lower.claims import facts_of
    from optgen.passes.lower.expressions import condition, numeric

    made: Sequence[out.Fact] = ()
    try:
        if relation.right is None and not relation.definite:
            made = facts_of(condition(relation.left, context), relation.span)
        elif relation.right is not None:
            sides = numeric(relation.left, context), numeric(relation.right, context)
            spans = (relation.left.span, relation.span)
            made = facts_of(math.binary("==", *sides, spans, relation.span), relation.span)
    except (SpecError, Poisoned):
        pass
    kept = [fact for fact in made if isinstance(fact, out.Relation) and _of_numbers(fact, inputs)]
    if needed and (not kept or len(kept) != len(made)):
        raise _Silent
    return kept


def _of_numbers(fact: out.Relation, inputs: frozenset[ir.Input]) -> bool:
    """Whether both sides are numbers over these inputs alone."""
    sides = (fact.left, fact.right)
    return not any(side.axes for side in sides) and not any(
        isinstance(node, ir.Draw | ir.Call | ir.Loop) or (isinstance(node, ir.Input) and node not in inputs)
        for node in walk.postorder(sides)
    )


def _mentions(relation: tree.Relation, names: set[str]) -> bool:
    stack: list[Any] = [relation.left, *([] if relation.right is None else [relation.right])]
    while stack:
        item = stack.pop()
        if isinstance(item, tree.Name) and item.name in names:
            return True
        stack.extend(parts(item))
    return False
