"""Where an expression is lowered: the names it sees, the region it stands in, what is known there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from optgen.diagnostics import Diagnostic, Span, SpecError, suggestion
from optgen.ir import nodes as ir
from optgen.ir.nodes import AnyNode, Scalar
from optgen.ir.operations import apply
from optgen.passes.lower.problems import Poisoned, fail

SPELLINGS = (  # of other languages, or of the blackboard
    (r"grad_?(\w+)", "write grad {0}"),
    (r"\w+?_?(?:star|opt)", "a minimiser is written argmin f, the value there min f"),
    (r"(\w+)_?0", "{0}(0) is {0} at the start"),
    (r"(\w+?)_?(?:new|next|plus)", "{0}' is {0} after the step"),
)


@dataclass(slots=True)
class Lazy:
    """A definition that is lowered when it is first needed.  A need of itself is a circle, which is reported once."""

    name: str
    span: Span
    compute: Callable[..., Any]
    busy: bool = False
    value: Any = None
    done: bool = False


@dataclass(slots=True)
class Scope:
    """Names and their values; `None` marks a name whose definition was wrong and is reported already."""

    parent: Scope | None = None
    names: dict[str, Any] = field(default_factory=dict)
    fallback: Callable[[str], Any] | None = (
        None  # of the outermost scope: finds a name elsewhere, None if there is none
    )

    def find(self, name: str) -> tuple[Scope, Any] | None:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope, scope.names[name]
            if scope.fallback is not None and not name.startswith("$") and not name.endswith("'"):
                found = scope.fallback(name)
                if found is not None:
                    scope.names[name] = found
                    return scope, found
            scope = scope.parent
        return None

    def all_names(self) -> Iterator[str]:
        scope: Scope | None = self
        while scope is not None:
            yield from scope.names
            scope = scope.parent

    def child(self, **names: Any) -> Scope:
        return Scope(self, dict(names))


@dataclass(slots=True)
class Program:
    """What is shared by one lowering: collected problems, places of nodes, the run's seed, the chain of definitions,
    and which inputs hold indices (input -> number of values).
    """

    seed: ir.Input
    diagnostics: list[Diagnostic] = field(default_factory=list)
    origins: dict[AnyNode, frozenset[Span]] = field(default_factory=dict)
    chain: list[Lazy] = field(default_factory=list)
    places: dict[str, list[Span]] = field(default_factory=dict)
    sets: dict[AnyNode, Any] = field(default_factory=dict)  # indicator(S)(z) in the IR: (S, z)
    index_inputs: dict[ir.Input, Scalar] = field(default_factory=dict)

    def collect(self, error: SpecError) -> None:
        for diagnostic in error.diagnostics:
            if diagnostic not in self.diagnostics:
                self.diagnostics.append(diagnostic)

    def warn(self, code: str, message: str, span: Span, help: str = "") -> None:
        diagnostic = Diagnostic(code, message, span, help=help, severity="warning")
        if diagnostic not in self.diagnostics:
            self.diagnostics.append(diagnostic)


@dataclass(frozen=True, slots=True)
class Failure:
    """A condition under which the run fails, noticed while lowering an expression (an index out of range, ...)."""

    reason: str
    condition: Scalar
    span: Span


@dataclass(frozen=True, slots=True)
class Context:
    """A place in a program.

    `counters` are those of all enclosing loops, `place` the path of names, `bound` the indices of enclosing binders
    with their conditions, `path` the condition under which this place counts, `failures` the region's list.
    """

    program: Program
    scope: Scope
    counters: tuple[Scalar, ...] = ()
    place: str = ""
    bound: tuple[tuple[ir.Index, Scalar | None], ...] = ()
    path: Scalar | None = None
    failures: list[Failure] = field(default_factory=list)
    in_claim: bool = False

    # ------------------------------------------------------------ names

    def lookup(self, name: str, span: Span) -> Any:
        found = self.scope.find(name)
        if found is None:
            base = name.removesuffix("'")
            known = [other for other in self.scope.all_names() if not other.startswith("$")]
            if name.endswith("'") and self.scope.find(base) is not None:
                fail(
                    "E0203",
                    f"{base}' is not defined: only states and lets have a value after the step",
                    span,
                    help=f"define {base}' = ... in the step, or write {base}",
                )
            fail("E0201", f"{name} is not defined here", span, help=self._help(name, known))
        value = found[1]
        if isinstance(value, Lazy):
            return self._force(value, span)
        if value is None:
            raise Poisoned
        return value

    def _help(self, name: str, known: list[str]) -> str:
        """What may have been meant by a name that nobody defined."""
        for pattern, fix in SPELLINGS if self.in_claim else SPELLINGS[:1]:
            found = re.fullmatch(pattern, name)
            if found is not None and (not found.groups() or found[1] in known):
                return fix.format(*found.groups())
        return suggestion(name, known) or ("a claim binds names of its own by `for all`" if self.in_claim else "")

    def known(self, name: str) -> bool:
        return self.scope.find(name) is not None

    def _force(self, lazy: Lazy, span: Span) -> Any:
        if lazy.done:
            if lazy.value is None:
                raise Poisoned
            return lazy.value
        chain = self.program.chain
        if lazy.busy:
            names = [item.name for item in chain[chain.index(lazy) :]]
            lazy.done = True
            circle = " -> ".join([*names, lazy.name])
            fail(
                "E0204",
                f"the definition of {lazy.name} is circular: {circle}",
                lazy.span,
                secondary=((span, f"{lazy.name} is needed here"),) if span != lazy.span else (),
                help="a value of the step before is written without the prime",
            )
        lazy.busy = True
        chain.append(lazy)
        try:
            lazy.value = lazy.compute()
        except SpecError as error:
            self.program.collect(error)
            lazy.done = True
            raise Poisoned from None
        except Poisoned:
            lazy.done = True
            raise
        finally:
            chain.pop()
            lazy.busy = False
        lazy.done = True
        return lazy.value

    def attempt(self, work: Callable[..., Any]) -> Any:
        """Do the work; a problem is collected and gives None, so that the next line is still looked at."""
        try:
            return work()
        except SpecError as error:
            self.program.collect(error)
        except Poisoned:
            pass
        return None

    # ------------------------------------------------------------ derived contexts

    def with_names(self, **names: Any) -> Context:
        return replace(self, scope=self.scope.child(**names))

    def inside(self, name: str) -> Context:
        """One name further down the path."""
        return replace(self, place=f"{self.place}/{name}" if self.place else name)

    def binding(self, bound: tuple[tuple[ir.Index, Scalar | None], ...], **names: Any) -> Context:
        return replace(self, scope=self.scope.child(**names), bound=(*self.bound, *bound))

    def under(self, condition: Scalar) -> Context:
        """Counts only where the condition holds."""
        path = condition if self.path is None else apply("and", self.path, condition)
        return replace(self, path=path)

    def unique_place(self, name: str, span: Span) -> str:
        """The path of names down to a draw or call; the second text under the same path gets a number.

        The same text lowered again (a function differentiated, say) is the same place.
        """
        path = f"{self.place}/{name}" if self.place else name
        spans = self.program.places.setdefault(path, [])
        if span not in spans:
            spans.append(span)
        number = spans.index(span) + 1
        return path if number == 1 else f"{path}#{number}"

    # ------------------------------------------------------------ run-time failures

    def require(self, holds: Scalar, reason: str, span: Span) -> None:
        """The run fails where this place counts and `holds` does not; for all values of the indices bound round it."""
        if isinstance(holds, ir.Constant) and holds.value:
            return
        wrong = apply("not", holds)
        if self.path is not None:
            wrong = apply("and", self.path, wrong)
        for index, condition in reversed(self.bound):
            if index in wrong.free:
                wrong = ir.reduce("any", (index,), wrong, condition)
        self.failures.append(Failure(reason, wrong, span))
