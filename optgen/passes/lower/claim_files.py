"""All claims of a file: of each algorithm, in its step; of blocks without a step; lemmas, with names of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from optgen.diagnostics import SpecError
from optgen.ir import claims as out
from optgen.ir import nodes as ir
from optgen.ir.program import Program as StepForm
from optgen.language import tree
from optgen.passes.lower.algorithms import Algorithm
from optgen.passes.lower.block_scenes import function_scene, problem_scene
from optgen.passes.lower.claims import Maker, Scene, lower_claim
from optgen.passes.lower.context import Context, Program
from optgen.passes.lower.files import Shipped, file_scope
from optgen.passes.lower.problems import Poisoned, fail
from optgen.passes.lower.programs import Inputs, Options, _Builder
from optgen.passes.lower.values import Function

FLOWS = ("sde", "ode")


def claims(file: tree.File, shipped: Shipped) -> tuple[out.Claim, ...]:
    """The claims of a file in the order of the text.  Raises SpecError with all errors of the blocks they are in."""
    program = Program(ir.Input("seed", "u64"))
    context = Context(program, file_scope(file, shipped, program))
    found: list[out.Claim] = []
    try:
        for group in file.groups("algorithm"):
            if group.groups("claim"):
                found += claims_of_algorithm(context.lookup(group.name, group.span), context)
        for group in file.groups(*_SCENES):
            if group.groups("claim") or group.kind in FLOWS:
                found += claims_of_block(group, context)
        found += lemmas(file, context)
    except SpecError as error:
        program.collect(error)
    except Poisoned:
        pass
    if any(d.severity == "error" for d in program.diagnostics):
        raise SpecError(program.diagnostics)
    return tuple(sorted(found, key=lambda claim: claim.span.start))


def claims_of_algorithm(algorithm: Algorithm, context: Context) -> list[out.Claim]:
    """The algorithm lowered without a problem, and its claims.  One with `given K = norm1` is lowered for itself."""
    scene = _scene(algorithm, context)
    found: list[out.Claim] = []
    for group in algorithm.group.groups("claim"):
        fixed = context.attempt(lambda g=group: _fixed(g, algorithm, context))
        if fixed is None or (fixed and scene is None):
            continue
        here = _scene(replace(algorithm, fixed={**algorithm.fixed, **fixed}), context) if fixed else scene
        claim = None if here is None else lower_claim(group, here)
        if claim is not None:
            found.append(claim)
    return found


def claims_of_block(group: tree.Group, context: Context) -> list[out.Claim]:
    """The claims of a flow, a problem or a function."""
    scene = _SCENES[group.kind](group, context)
    found = [lower_claim(claim, scene) for claim in group.groups("claim")]
    return [claim for claim in found if claim is not None]


def _flow(group: tree.Group, context: Context) -> Scene:
    from optgen.passes.lower.flows import flow_scene  # few files have flows

    return flow_scene(group, context)


_SCENES: dict[str, Callable[[tree.Group, Context], Scene]] = {
    "sde": _flow,
    "ode": _flow,
    "problem": problem_scene,
    "function": function_scene,
}


def claim_in(file: tree.File, shipped: Shipped, algorithm: str, group: tree.Group) -> out.Claim:
    """A claim that does not stand in the file, read as one of an algorithm.  Raises SpecError with its errors."""
    program = Program(ir.Input("seed", "u64"))
    context = Context(program, file_scope(file, shipped, program))
    claim: out.Claim | None = None
    try:
        scene = _scene(context.lookup(algorithm, file.span), context)
        claim = None if scene is None else lower_claim(group, scene)
    except SpecError as error:
        program.collect(error)
    except Poisoned:
        pass
    if claim is None or any(d.severity == "error" for d in program.diagnostics):
        raise SpecError(program.diagnostics)
    return claim


def _scene(algorithm: Algorithm, context: Context) -> Scene | None:
    builder = _Builder(algorithm, None, context, Options(), Inputs())
    builder.build()
    return builder.scene


def program_of(expr: tree.Expr, maker: Maker) -> StepForm:
    """An algorithm that a claim names, with arguments given to it or not, lowered for itself."""
    from optgen.passes.lower.expressions import evaluate

    context = maker.context
    call = expr if isinstance(expr, tree.Call) else None
    found = evaluate(call.function if call is not None else expr, context)
    if not isinstance(found, Algorithm):
        fail("E0307", f"{expr.span.text} is not an algorithm", expr.span)
    if call is not None:
        values = [(a.keyword, evaluate(a.value, context)) for a in call.arguments]
        named = {k.name: v for k, v in values if isinstance(k, tree.Name)}
        found = found.specialised([v for k, v in values if k is None], named, call.span)
    scene = _scene(found, context)
    if scene is None or scene.program is None:
        fail("E0704", f"{expr.span.text} has no step", expr.span)
    return scene.program


def _fixed(group: tree.Group, algorithm: Algorithm, context: Context) -> Mapping[str, Any]:
    """`given K = norm1`: arguments of the header that the claim fixes."""
    from optgen.passes.lower.expressions import evaluate

    names = {parameter.name for parameter in algorithm.group.parameters}
    declared = {
        d.target.name
        for line in algorithm.group.lines("data", "param", "dim")
        for d in line.declarations
        if isinstance(d.target, tree.Name)
    }
    given: dict[str, Any] = {}
    for line in group.lines("given"):
        for relation in line.relations:
            left, right = relation.left, relation.right
            if isinstance(left, tree.Name) and left.name in names - declared and right is not None:
                value = evaluate(right, replace(context, scope=algorithm.context.scope.child()))
                if isinstance(value, Function) or hasattr(value, "rule"):
                    given[left.name] = value
    return given


def lemmas(file: tree.File, context: Context) -> list[out.Claim]:
    """The claims at the top of a file."""
    found = [lower_claim(group, Scene("", context)) for group in file.groups("claim")]
    return [claim for claim in found if claim is not None]


__all__ = ["claim_in", "claims", "claims_of_algorithm", "claims_of_block", "lemmas"]
