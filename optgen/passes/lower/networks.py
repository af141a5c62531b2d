"""Networks: a map with a structure of weights, `net(w, x)`, `weights(net)`, `net.init`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from optgen.diagnostics import Span
from optgen.ir import nodes as ir
from optgen.language import tree
from optgen.passes.lower.algorithms import define_lets
from optgen.passes.lower.context import Context
from optgen.passes.lower.problems import fail
from optgen.passes.lower.spaces import flattened, leaf, packed
from optgen.passes.lower.types import Typed, conform, declare_dim, read_type
from optgen.passes.lower.values import Grid, Law, Space, number


@dataclass(frozen=True, slots=True)
class Network:
    """A network as a value; `space` is the structure of its weights."""

    name: str
    group: tree.Group
    context: Context
    space: Space
    weights: Mapping[str, tuple[tree.Declaration, Typed]]

    def invoke(self, positional: list[Any], keywords: dict[str, Any], expr: tree.Call, context: Context) -> Any:
        return self.apply(positional, expr.span, context)

    def apply(self, arguments: list[Any], span: Span, context: Context) -> Any:
        """The value at weights and inputs."""
        from optgen.passes.lower.expressions import as_grid, evaluate

        inputs = [d for line in self.group.lines("input") for d in line.declarations]
        if len(arguments) != 1 + len(inputs):
            names = ", ".join(["w", *(d.target.span.text for d in inputs)])
            fail("E0309", f"the network {self.name} takes ({names}), here are {len(arguments)} arguments", span)
        inner = replace(context, scope=self.context.scope.child())
        w = as_grid(arguments[0], span)
        if not w.leaves:
            fail(
                "E0336",
                f"the first argument of {self.name} is its weights",
                span,
                help=f"declare var w : weights({self.name})",
            )
        for name in self.weights:
            inner.scope.names[name] = leaf(w, name, span)
        for declaration, argument in zip(inputs, arguments[1:], strict=True):
            value = as_grid(argument, span)
            typed = read_type(declaration.type, inner, value.axes, span)
            inner.scope.names[declaration.target.name] = conform(value, typed, declaration.target.span.text, span)  # type: ignore[union-attr]
        define_lets(self.group, inner)
        values = self.group.lines("value")
        if not values or values[0].expr is None:
            fail("E0406", f"the network {self.name} has no value", self.group.span, help="end it with: value e")
        return evaluate(values[0].expr, inner)

    def part(self, name: str, span: Span, context: Context) -> Any:
        if name == "init":
            return InitialWeights(self)
        fail("E0205", f"the network {self.name} has no {name}", span, help="it has init")


@dataclass(frozen=True, slots=True)
class InitialWeights:
    """`net.init`: the law of the declared first weights."""

    network: Network

    def start(self, context: Context) -> Grid:
        from optgen.passes.lower.expressions import evaluate, numeric
        from optgen.passes.lower.laws import sample

        net = self.network
        inner = replace(context, scope=net.context.scope, place=f"{context.place}/{net.name}".strip("/"))
        values = []
        for name, (declaration, typed) in net.weights.items():
            if declaration.law is not None:
                law = evaluate(declaration.law, inner)
                if not isinstance(law, Law):
                    fail("E0329", "a weight is drawn from a law", declaration.law.span)
                values.append(sample(law, name, typed.axes, True, declaration.span, inner))
            elif declaration.value is not None:
                values.append(conform(numeric(declaration.value, inner), typed, name, declaration.value.span))
            else:
                fail(
                    "E0407",
                    f"the weight {name} has no first value",
                    declaration.span,
                    help="write ~ normal(0, 1/sqrt(d)) or = 0",
                )
        return packed(net.space, values, "w")


def network(group: tree.Group, context: Context) -> Network:
    """The network of a block: its dims fixed, its weights laid out."""
    from optgen.passes.lower.expressions import integer

    inner = replace(context, scope=context.scope.child())
    for line in group.lines("dim"):
        for declaration in line.declarations:
            name = declaration.target.name  # type: ignore[union-attr]
            if declaration.value is None:
                declare_dim(name, ir.dim(name), inner)
            else:
                inner.scope.names[name] = replace(number(integer(declaration.value, inner)), facts=frozenset({"dim"}))
    weights: dict[str, tuple[tree.Declaration, Typed]] = {}
    for line in group.lines("weight"):
        for declaration in line.declarations:
            weights[declaration.target.name] = (declaration, read_type(declaration.type, inner))  # type: ignore[union-attr]
    space = flattened(list(weights), [typed.axes for _, typed in weights.values()])
    return Network(group.name, group, inner, space, weights)
