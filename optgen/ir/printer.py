"""Functions and programs as text that parses back (`reader`): golden format, bug report and cache key.

One definition a line, each where its value changes: a loop's region and what depends on an index are indented blocks.
Scalars read once stand inside the line that reads them; those read more often have a line and a name, `%3 = ...`.

    function loss(m, n)
      input A : real[m, n]
      input x : real[n]
      z[i < m] = sum(j < n: A[i, j]*x[j])
      result loss = scalar(sum(i < m: log1p(exp(z[i]))))
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from optgen.ir import nodes as ir
from optgen.ir import text, walk
from optgen.ir.nodes import AnyNode, Dtype, Scalar
from optgen.ir.operations import OPERATIONS
from optgen.ir.program import Function, Leaf, Phase, Program, Slot, State
from optgen.ir.scopes import LEAVES, Scope, scopes
from optgen.ir.text import ATOM, NEGATIVE

WIDTH = 90  # a scalar longer than this gets a line of its own
INFIX = {name: declaration.infix for name, declaration in OPERATIONS.items() if declaration.infix is not None}
COMPARISON = 3


def print_function(function: Function) -> str:
    """The text of a function.  Raises IRError where a place is used that nothing binds."""
    top, _ = scopes([[tensor for _, tensor in function.results]], function.parameters)
    dims = [text.quoted(name) for name in function.dims]
    writer = Writer(set(dims))
    lines = [f"function {text.quoted(function.name)}({', '.join(dims)})"]
    if function.doc:
        lines.append(f"  {_string(function.doc)}")
    body = [f"input {line}" for line in declared(writer, function.parameters)]
    body += _definitions(writer, top)
    body += [f"result {text.quoted(name)} = {writer.text(tensor)}" for name, tensor in function.results]
    return "\n".join([*lines, *indented(body)])


def alpha_equal(left: Function, right: Function) -> bool:
    """Whether two functions are the same up to the identity of the places they bind."""
    return print_function(left) == print_function(right)


@dataclass(slots=True)
class Writer:
    """What printing needs to know: the text of what is written so far, and the names that are taken."""

    taken: set[str]
    texts: dict[AnyNode, tuple[str, int]] = field(default_factory=dict)
    indices: list[str] = field(default_factory=list)  # names of the indices of all open scopes
    binding: set[AnyNode] = field(default_factory=set)  # nodes whose text has a binder in it
    unnamed: int = 0

    def text(self, node: AnyNode, strength: int = 0) -> str:
        """A node as an operand of something that binds with a strength; looser text gets brackets."""
        known = self.texts.get(node)
        if known is None:
            known = self.texts[node] = _leaf(node)
        return known[0] if known[1] >= strength else f"({known[0]})"

    def listed(self, nodes: Sequence[AnyNode]) -> str:
        return ", ".join([self.text(node) for node in nodes])

    def name(self, hint: str) -> str:
        """A new name for a tensor, a region or a scalar."""
        if not hint:
            self.unnamed += 1
            return f"%{self.unnamed}"
        made = text.quoted(hint)
        if made in self.taken or made in self.indices:
            number = 2
            while f"{made}~{number}" in self.taken or f"{made}~{number}" in self.indices:
                number += 1
            made = f"{made}~{number}"
        self.taken.add(made)
        return made


def declared(writer: Writer, parameters: Sequence[ir.Input]) -> list[str]:
    """Names of parameters with their types."""
    names = [writer.name(parameter.name) for parameter in parameters]
    writer.texts.update((parameter, (name, ATOM)) for parameter, name in zip(parameters, names, strict=True))
    return [f"{name} : {_axes(writer, parameter)}" for parameter, name in zip(parameters, names, strict=True)]


def _axes(writer: Writer, parameter: ir.Input) -> str:
    """The type of a parameter; its axes are arithmetic, so they need no definition before it."""
    for node in walk.postorder(parameter.axes):
        if isinstance(node, ir.Operation | ir.Access | ir.Choose):
            writer.texts[node] = _scalar(writer, node)
    return _type(writer, parameter.dtype, parameter.axes)


def indented(lines: Sequence[str]) -> list[str]:
    return ["  " + line for line in lines]


def _leaf(node: AnyNode) -> tuple[str, int]:
    match node:
        case ir.Constant():
            return text.number(node)
        case ir.Dim(name=name):
            return text.quoted(name), ATOM
    raise ir.IRError(f"{type(node).__name__} {getattr(node, 'name', '')} is read before it is written")


# ---------------------------------------------------------------- the nodes of a scope


def _definitions(writer: Writer, scope: Scope, begin: int = 0, end: int | None = None) -> list[str]:
    """The lines of a scope; afterwards the writer knows the text of all its nodes."""
    lines: list[str] = []
    for node in scope.order[begin:end]:
        match node:
            case ir.Input():
                continue
            case ir.Operation() | ir.Access() | ir.Choose() | ir.Draw():
                shown = _scalar(writer, node)
                binds = not writer.binding.isdisjoint(walk.children(node))
                shared = scope.uses[node] > 1 and not _plain(node)
                if shared or (binds and node in scope.crossed) or len(shown[0]) > WIDTH:
                    name = writer.name("")
                    lines.append(f"{name} = {shown[0]}")
                    shown = name, ATOM
                elif binds:
                    writer.binding.add(node)
                writer.texts[node] = shown
            case ir.Reduce() | ir.Array():
                lines += _binder(writer, node, scope)
            case _:
                lines += _tensor(writer, node, scope)
    return lines


def _plain(node: AnyNode) -> bool:
    """Reads as simple as a name, repeated rather than named."""
    return isinstance(node, ir.Access) and all(isinstance(index, LEAVES) for index in node.indices)


def _scalar(writer: Writer, node: AnyNode) -> tuple[str, int]:
    match node:
        case ir.Operation(name="neg", arguments=(a,)):
            return "-" + writer.text(a, NEGATIVE + 1), NEGATIVE
        case ir.Operation(name=name, arguments=(a, b)) if name in INFIX:
            return _infix(writer, name, a, b)
        case ir.Operation(name=name, arguments=arguments):
            return f"{name}({writer.listed(arguments)})", ATOM
        case ir.Access(tensor=tensor, indices=indices):
            return writer.text(tensor) + (f"[{writer.listed(indices)}]" if indices else ""), ATOM
        case ir.Choose(condition=condition, then=then, otherwise=otherwise):
            return f"choose({writer.listed((condition, then, otherwise))})", ATOM
        case ir.Draw():
            law = f"{node.law}({writer.listed(node.parameters)})"
            place = _string(node.place)
            counters = f"({writer.listed(node.counters)})"
            return f"draw({law}, {place}, {writer.text(node.seed)}, {counters}, {writer.text(node.position)})", ATOM
    raise ir.IRError(f"not a scalar: {type(node).__name__}")


def _infix(writer: Writer, name: str, a: Scalar, b: Scalar) -> tuple[str, int]:
    sign, strength = INFIX[name]
    chained = strength == COMPARISON or name == "power"
    left, right = writer.text(a, strength + 1 if chained else strength), writer.text(b, strength + 1)
    space = " " if strength < INFIX["mul"][1] else ""
    return f"{left}{space}{sign}{space}{right}", strength


def _binder(writer: Writer, node: ir.Reduce | ir.Array, scope: Scope) -> list[str]:
    """A reduction or an array: one line, or a block if something inside needs a line."""
    if isinstance(node, ir.Array) and not node.indices and not node.name:
        writer.texts[node] = f"scalar({writer.text(node.body)})", ATOM
        return _definitions(writer, scope.inner[node]) if node in scope.inner else []
    opened, numbered = len(writer.indices), writer.unnamed
    writer.unnamed += not (isinstance(node, ir.Array) and node.name)  # the number that a block would be called by
    outside = _known(writer, node.indices)
    for index in node.indices:
        name = _index_name(writer, index.name)
        writer.indices.append(name)
        writer.texts[index] = name, ATOM
    inside = _definitions(writer, scope.inner[node]) if node in scope.inner else []
    places = ", ".join(
        [f"{writer.text(index)} < {writer.text(index.extent, COMPARISON + 1)}" for index in node.indices]
    )
    body = writer.text(node.body)
    condition = writer.text(node.condition) if isinstance(node, ir.Reduce) and node.condition is not None else ""
    del writer.indices[opened:]
    writer.unnamed = numbered
    writer.texts.update(outside)
    if isinstance(node, ir.Array):
        name = writer.name(node.name)
        writer.texts[node] = name, ATOM
        head = f"{name}[{places}] ="
        return [head, *indented([*inside, f"value {body}"])] if inside else [f"{head} {body}"]
    where = f" where {condition}" if condition else ""
    line = f"{node.kind}({places}{where}: {body})"
    if not inside and scope.uses[node] == 1 and node not in scope.crossed and len(line) <= WIDTH:
        writer.texts[node] = line, ATOM
        writer.binding.add(node)
        return []
    name = writer.name("")
    writer.texts[node] = name, ATOM
    if not inside:
        return [f"{name} = {line}"]
    conditions = [f"where {condition}"] if condition else []
    return [f"{name} = {node.kind} {places}", *indented([*inside, *conditions, f"value {body}"])]


def _index_name(writer: Writer, hint: str) -> str:
    made, number = text.quoted(hint or "i"), 2
    while made in writer.taken or made in writer.indices:
        made, number = f"{text.quoted(hint or 'i')}~{number}", number + 1
    return made


# ---------------------------------------------------------------- tensors and regions


def _tensor(writer: Writer, node: AnyNode, scope: Scope) -> list[str]:
    match node:
        case ir.Output(source=source, position=position, name=hint):
            shown = f"{writer.text(source)}#{position}"
            if not hint:
                writer.texts[node] = shown, ATOM
                return []
            return [_named(writer, node, hint) + shown]
        case ir.Concat(parts=parts, name=hint):
            shown = f"concat({writer.listed(parts)})"
            return [_named(writer, node, hint) + shown]
        case ir.View(tensor=tensor, offset=offset, axes=axes, name=hint):
            shown = f"view({writer.text(tensor)}, {writer.text(offset)})[{writer.listed(axes)}]"
            return [_named(writer, node, hint) + shown]
        case ir.Call():
            return [_named(writer, node, "") + _call(writer, node)]
        case ir.Derivative(kind=kind, function=function, at=at, seeds=seeds):
            shown = f"{kind} {writer.text(function)}({writer.listed(at)}) seeds ({writer.listed(seeds)})"
            return [_named(writer, node, "") + shown]
        case ir.Lambda():
            return _lambda(writer, node, scope.inner[node])
        case ir.Loop():
            return _loop(writer, node, scope.inner[node])
    raise ir.IRError(f"not a tensor: {type(node).__name__}")


def _named(writer: Writer, node: AnyNode, hint: str) -> str:
    name = writer.name(hint)
    writer.texts[node] = name, ATOM
    return f"{name} = "


def _type(writer: Writer, dtype: Dtype, axes: Sequence[Scalar]) -> str:
    return dtype + (f"[{writer.listed(axes)}]" if axes else "")


def _call(writer: Writer, node: ir.Call) -> str:
    types = ", ".join([_type(writer, dtype, axes) for dtype, axes in node.outputs])
    pairs = ", ".join([f"{text.quoted(key)}: {json.dumps(value)}" for key, value in node.attributes])
    attributes = f" {{{pairs}}}" if pairs else ""
    return f"call {text.quoted(node.function)}({writer.listed(node.arguments)}){attributes} : {types}"


def _region_inputs(writer: Writer, parameters: Sequence[ir.Input]) -> list[str]:
    """New names of a region's inputs, with their types, before what is inside is written."""
    lines = []
    for parameter in parameters:
        axes = _type(writer, parameter.dtype, parameter.axes)
        name = writer.name(parameter.name)
        writer.texts[parameter] = name, ATOM
        lines.append(f"{name} : {axes}")
    return lines


def _known(writer: Writer, places: Sequence[ir.Input | ir.Index]) -> dict[AnyNode, tuple[str, int]]:
    """The names that places have outside a node that binds them too."""
    return {place: writer.texts[place] for place in places if place in writer.texts}


def _lambda(writer: Writer, node: ir.Lambda, inner: Scope) -> list[str]:
    numbered = writer.unnamed
    outside = _known(writer, node.parameters)
    inputs = _region_inputs(writer, node.parameters)
    inside = _definitions(writer, inner)
    results = writer.listed(node.results)
    writer.unnamed = numbered
    writer.texts.update(outside)
    name = _named(writer, node, "")
    return [f"{name}lambda({', '.join(inputs)})", *indented([*inside, f"value {results}"])]


def _loop(writer: Writer, node: ir.Loop, inner: Scope) -> list[str]:
    numbered = writer.unnamed
    bounds = [f" {word} {writer.text(bound, COMPARISON + 1)}" for word, bound in (("limit", node.limit),
              ("capacity", node.capacity)) if bound is not None]  # fmt: skip
    starts = [writer.text(initial) for initial in node.initial]
    outside = _known(writer, (node.counter, *node.parameters))
    counter = writer.name(node.counter.name)
    writer.texts[node.counter] = counter, ATOM
    carried = [f"carry {d} = {s}" for d, s in zip(_region_inputs(writer, node.parameters), starts, strict=True)]
    inside = _definitions(writer, inner)
    ends = [f"while {writer.text(node.condition)}"] if node.condition is not None else []
    ends += [f"trace {writer.text(trace)}" for trace in node.traces]
    ends += [f"final {writer.text(final)}" for final in node.finals]
    ends.append(f"next {writer.listed(node.body)}".rstrip())
    writer.unnamed = numbered
    writer.texts.update(outside)
    head = f"{_named(writer, node, node.name)}loop({counter}){''.join(bounds)}"
    return [head, *indented([*carried, *inside, *ends])]


# ---------------------------------------------------------------- programs

# what a section is about, and its lines from those of the definitions that this needs
Section = tuple[Sequence[AnyNode], Callable[[Writer, list[str]], list[str]]]


def print_program(program: Program) -> str:
    """The text of a program: what is given, the states and where they start, the phases, what may be read at the end.

    Definitions stand before the first line that reads them and hold in all lines below.  Spans are left out.
    """
    states = [state.input for state in program.states]
    given = [program.seed, program.done, *(slot.input for slot in program.slots), *states]
    sections = [_slot(slot) for slot in program.slots]
    sections += [_line(f"size {text.quoted(name)}", value) for name, value in program.sizes]
    sections += [_state(state) for state in program.states]
    sections += [_phase(phase, states) for phase in program.phases]
    sections += [_line(f"let {text.quoted(name)}", tensor) for name, tensor in program.lets]
    if program.objective is not None:
        sections.append(_line("objective value", program.objective))
    top, ends = scopes([roots for roots, _ in sections], [*given, *(phase.done for phase in program.phases)])
    dims = [text.quoted(name) for name in (*program.dims, *(name for name, _ in program.sizes))]
    writer = Writer(set(dims))
    types = declared(writer, [*given, *(phase.done for phase in program.phases)])
    body = [_string(program.doc)] if program.doc else []
    body += [f"seed {types[0]}", f"done {types[1]}"]
    for (_, lines), begin, end in zip(sections, [0, *ends], ends):
        body += lines(writer, _definitions(writer, top, begin, end))
    body += [f"oracle {text.quoted(name)}" for name in program.oracles]
    head = f"program {text.quoted(program.name)}({', '.join(dims)})"
    return "\n".join([head, *indented(body)])


def _string(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _line(word: str, node: AnyNode) -> Section:
    return [node], lambda writer, definitions: [*definitions, f"{word} = {writer.text(node)}"]


def _called(writer: Writer, name: str, place: ir.Input) -> str:
    """A name of the program, its input's name where that is another, the input's type."""
    written = writer.text(place)
    also = "" if written == text.quoted(name) else f" as {written}"
    return f"{text.quoted(name)}{also} : {_axes(writer, place)}"


def _leaf_lines(writer: Writer, leaves: Sequence[Leaf]) -> list[str]:
    return [
        f"leaf {text.quoted(leaf.name)} : [{writer.listed(leaf.axes)}] at {writer.text(leaf.offset)}" for leaf in leaves
    ]


def _leaf_roots(leaves: Sequence[Leaf]) -> list[AnyNode]:
    return [node for leaf in leaves for node in (*leaf.axes, leaf.offset)]


def _slot(slot: Slot) -> Section:
    def lines(writer: Writer, definitions: list[str]) -> list[str]:
        details = [_string(slot.doc)] if slot.doc else []
        details += definitions if slot.value is None else [*definitions, f"default {writer.text(slot.value)}"]
        details += [f"require {_string(c.sentence)} when {writer.text(c.holds)}" for c in slot.conditions]
        details += _leaf_lines(writer, slot.structure)
        return [f"{slot.kind} {_called(writer, slot.name, slot.input)}", *indented(details)]

    roots: list[AnyNode] = [condition.holds for condition in slot.conditions] + _leaf_roots(slot.structure)
    return (roots if slot.value is None else [slot.value, *roots]), lines


def _state(state: State) -> Section:
    def lines(writer: Writer, definitions: list[str]) -> list[str]:
        base = f" base {state.index_base}" if state.index_base else ""
        head = f"state {_called(writer, state.name, state.input)}{base} = {writer.text(state.initial)}"
        return [*definitions, head, *indented(_leaf_lines(writer, state.structure))]

    return [state.initial, *_leaf_roots(state.structure)], lines


def _phase(phase: Phase, states: Sequence[ir.Input]) -> Section:
    """Definitions, rules and records of a phase; states that keep their value are not among its equations."""
    rules = [("stop", phase.stops), ("until", phase.untils), ("fail", phase.fails), ("diverged", phase.diverged)]

    def lines(writer: Writer, definitions: list[str]) -> list[str]:
        length = "" if phase.length is None else f" length {writer.text(phase.length)}"
        body = [*definitions]
        for state, new in zip(states, phase.following, strict=True):
            if new is not state:
                body.append(f"next {writer.text(state)} = {writer.text(new)}")
        for word, exits in rules:
            body += [f"{word} {_string(rule.reason)} when {writer.text(rule.condition)}" for rule in exits]
        for record in phase.records:
            word = "record inner" if record.inner else "record"
            body.append(f"{word} {text.quoted(record.name)} = {writer.text(record.value)}")
        return [f"phase {text.quoted(phase.name)}({writer.text(phase.done)}){length}", *indented(body)]

    length = () if phase.length is None else (phase.length,)
    conditions = [rule.condition for _, exits in rules for rule in exits]
    return [*length, *phase.following, *conditions, *(record.value for record in phase.records)], lines
