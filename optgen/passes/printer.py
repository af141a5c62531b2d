"""Functions and programs as text: what `optgen explain` shows.

One line a definition, in the order of computation, under the author's names; loops indented.  Works between any two
passes: a derivative not yet expanded prints as what it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from optgen.ir import nodes as ir
from optgen.ir.blocks import Block
from optgen.ir.nodes import AnyNode, Index, Scalar, Tensor
from optgen.ir.operations import OPERATIONS
from optgen.ir.program import Function, Program
from optgen.passes.schedule import schedule

INDENT = "  "


@dataclass(slots=True)
class _Writer:
    names: dict[AnyNode, str]
    lines: list[str] = field(default_factory=list)
    indices: dict[Index, str] = field(default_factory=dict)

    def line(self, depth: int, text: str) -> None:
        self.lines.append(INDENT * depth + text)


def print_function(function: Function) -> str:
    """The text of a function."""
    scheduled = schedule(function)
    writer = _Writer(dict(scheduled.names))
    parameters = ", ".join(f"{writer.names[p]} : {_type(writer, p.dtype, p.axes)}" for p in function.parameters)
    writer.line(0, f"function {function.name}({parameters})")
    _block(writer, scheduled.body, 1)
    results = ", ".join(f"{name} = {_read(writer, tensor)}" for name, tensor in function.results)
    writer.line(1, f"return {results}")
    return "\n".join(writer.lines)


def print_program(program: Program) -> str:
    """The text of a program in step form: its inputs, first states, and the step of each phase."""
    lines = [f"program {program.name}"]
    if program.doc:
        lines.append(f'{INDENT}"{program.doc}"')
    lines += [f"{INDENT}dim {name}" for name in program.dims]
    for slot in program.slots:
        kind = _type(_Writer({}), slot.input.dtype, slot.input.axes)
        conditions = "".join(f"; {condition.sentence}" for condition in slot.conditions)
        required = "" if slot.value is not None else ", required"
        lines.append(f"{INDENT}{slot.kind} {slot.name} : {kind}{required}{conditions}")
    inputs = (*(slot.input for slot in program.slots), program.seed)
    states = tuple(state.input for state in program.states)
    first = tuple((state.name, state.initial) for state in program.states)
    lines += _indented(print_function(Function("first_states", program.dims, inputs, first)))
    for phase in program.phases:
        results = [(f"{s.name}'", t) for s, t in zip(program.states, phase.following, strict=True)]
        for kind, exits in (("stop", phase.stops), ("until", phase.untils), ("fail", phase.fails)):
            results += [(f"{kind} [{e.reason}]", ir.array((), e.condition)) for e in exits]
        results += [(f"record {record.name}", record.value) for record in phase.records]
        name = f"step_{phase.name}" if phase.name else "step"
        parameters = (*inputs, *states, phase.done)
        lines += _indented(print_function(Function(name, program.dims, parameters, tuple(results))))
    return "\n".join(lines)


def _indented(text: str) -> list[str]:
    return [INDENT + line for line in text.split("\n")]


def _type(writer: _Writer, dtype: str, axes: Sequence[Scalar]) -> str:
    return f"{dtype}[{', '.join(_scalar(writer, axis) for axis in axes)}]" if axes else dtype


# ---------------------------------------------------------------- blocks


def _block(writer: _Writer, block: Block, depth: int) -> None:
    for node in block.nodes:
        writer.indices.clear()
        match node:
            case ir.Array():
                bound = _bind(writer, node.indices)
                writer.line(depth, f"{writer.names[node]}{bound} = {_scalar(writer, node.body)}")
            case ir.Concat(parts=parts):
                writer.line(depth, f"{writer.names[node]} = concat({', '.join(_read(writer, p) for p in parts)})")
            case ir.View(tensor=tensor, offset=offset):
                shape = ", ".join(_scalar(writer, axis) for axis in node.axes)
                start = _scalar(writer, offset)
                writer.line(depth, f"{writer.names[node]} = view({_read(writer, tensor)}, from {start}, [{shape}])")
            case ir.Call():
                arguments = ", ".join(_read(writer, a) for a in node.arguments)
                writer.line(depth, f"{_outputs(writer, node)} = {node.function}({arguments})")
            case ir.Loop():
                _loop(writer, node, block, depth)


def _outputs(writer: _Writer, node: ir.Call) -> str:
    return ", ".join(writer.names.get(ir.output(node, k), "_") for k in range(len(node.outputs)))


def _loop(writer: _Writer, node: ir.Loop, block: Block, depth: int) -> None:
    parts = block.loops[node]
    starts = [f"{writer.names[p]} = {_read(writer, i)}" for p, i in zip(node.parameters, node.initial, strict=True)]
    writer.line(depth, f"loop {writer.names[node]}({', '.join(starts)})")
    counter = writer.names.get(node.counter, node.counter.name)
    if node.limit is not None:
        writer.line(depth + 1, f"while {counter} < {_scalar(writer, node.limit)}")
    _block(writer, parts.head, depth + 1)
    if node.condition is not None:
        writer.line(depth + 1, f"while {_scalar(writer, node.condition)}")
    _block(writer, parts.tail, depth + 1)
    for old, new in zip(node.parameters, node.body, strict=True):
        writer.line(depth + 1, f"next {writer.names[old]} = {_read(writer, new)}")
    for trace in node.traces:
        writer.line(depth + 1, f"trace {_read(writer, trace)}")
    for name, output in _loop_outputs(writer, node):
        writer.line(depth, f"{name} = {output}")


def _loop_outputs(writer: _Writer, node: ir.Loop) -> list[tuple[str, str]]:
    """The names that the loop's outputs have after it."""
    found = []
    for item, name in writer.names.items():
        if isinstance(item, ir.Output) and item.source is node:
            if item.position < len(node.parameters):
                found.append((name, f"last {writer.names[node.parameters[item.position]]}"))
            elif item.position == len(node.parameters):
                found.append((name, "steps taken"))
            else:
                found.append((name, f"trace {item.position - len(node.parameters)}"))
    return found


def _read(writer: _Writer, tensor: Tensor) -> str:
    if isinstance(tensor, ir.Output) and isinstance(tensor.source, ir.Derivative):
        return _derivative(writer, tensor)
    return writer.names.get(tensor) or getattr(tensor, "name", "") or type(tensor).__name__.lower()


def _derivative(writer: _Writer, tensor: ir.Output) -> str:
    source = tensor.source
    assert isinstance(source, ir.Derivative)
    parameters = [writer.names.setdefault(p, p.name) for p in source.function.parameters]
    results = ", ".join(_read(writer, r) for r in source.function.results)
    at = ", ".join(_read(writer, a) for a in source.at)
    seeds = ", ".join(_read(writer, s) for s in source.seeds)
    number = f"[{tensor.position + 1}]" if tensor.position else ""
    return f"{source.kind}({', '.join(parameters)} -> {results})(at {at}; {seeds}){number}"


# ---------------------------------------------------------------- scalars


def _bind(writer: _Writer, indices: Sequence[Index]) -> str:
    """`[i < m, j < n]`; the names of indices differ from all others in use."""
    return f"[{_ranges(writer, indices)}]" if indices else ""


def _ranges(writer: _Writer, indices: Sequence[Index]) -> str:
    made = []
    for index in indices:
        extent = _scalar(writer, index.extent)
        made.append(f"{_index_name(writer, index)} < {extent}")
    return ", ".join(made)


def _index_name(writer: _Writer, index: Index) -> str:
    if index not in writer.indices:
        taken = set(writer.indices.values()) | set(writer.names.values())
        name, number = index.name, 1
        while name in taken:
            number += 1
            name = f"{index.name}{number}"
        writer.indices[index] = name
    return writer.indices[index]


def _scalar(writer: _Writer, node: Scalar, strength: int = 0) -> str:
    text, own = _text(writer, node)
    return text if own >= strength else f"({text})"


def _text(writer: _Writer, node: Scalar) -> tuple[str, int]:
    match node:
        case ir.Constant(value=value):
            return _number(value), 20
        case ir.Dim(name=name):
            return name, 20
        case ir.Index():
            return _index_name(writer, node), 20
        case ir.Operation():
            return _operation(writer, node)
        case ir.Access(tensor=tensor, indices=indices):
            places = ", ".join(_scalar(writer, index) for index in indices)
            return f"{_read(writer, tensor)}[{places}]" if indices else _read(writer, tensor), 20
        case ir.Reduce(kind=kind, indices=indices, condition=condition, body=body):
            where = "" if condition is None else f" where {_scalar(writer, condition)}"
            return f"{kind}({_ranges(writer, indices)}{where}: {_scalar(writer, body)})", 20
        case ir.Choose(condition=condition, then=then, otherwise=otherwise):
            parts = (condition, then, otherwise)
            return f"choose({', '.join(_scalar(writer, part) for part in parts)})", 20
        case ir.Draw(law=law, parameters=parameters, place=place, position=position):
            values = ", ".join(_scalar(writer, p) for p in parameters)
            return f'draw {law}({values}) at "{place}"[{_scalar(writer, position)}]', 0
    raise ir.IRError(f"{type(node).__name__} is no scalar")


def _operation(writer: _Writer, node: ir.Operation) -> tuple[str, int]:
    declaration = OPERATIONS[node.name]
    if node.name == "neg":
        return f"-{_scalar(writer, node.arguments[0], 10)}", 10
    if declaration.infix is None:
        return f"{node.name}({', '.join(_scalar(writer, a) for a in node.arguments)})", 20
    sign, strength = declaration.infix
    left, right = (_scalar(writer, a, s) for a, s in zip(node.arguments, (strength, strength + 1), strict=True))
    return f"{left} {sign} {right}", strength


def _number(value: ir.Number) -> str:
    if isinstance(value, Fraction):
        if value.denominator == 1:
            return f"{value.numerator}.0"
        short = repr(float(value))
        return short if Fraction(short) == value else f"{value.numerator}/{value.denominator}"
    return str(value).lower() if isinstance(value, bool) else str(value)


__all__ = ["print_function", "print_program"]
