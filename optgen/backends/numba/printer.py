"""A procedure as Python source: one rule a statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from optgen.backends.numba.expressions import HELPERS, expression, expressions, place, shape
from optgen.backends.numba.helpers import HELPERS as ROUTINES
from optgen.backends.numba.helpers import NJIT
from optgen.ir import nodes as ir
from optgen.ir.imperative import (
    Accumulate,
    Alias,
    Buffer,
    Copy,
    For,
    If,
    Invoke,
    Let,
    Procedure,
    Statement,
    Store,
    Swap,
    While,
)
from optgen.ir.nodes import AnyNode, Scalar

DTYPES = {"int": "np.int64", "bool": "np.bool_", "u64": "np.uint64"}
KINDS = {  # of one and of many, in the documentation
    "real": ("number", "numbers"),
    "int": ("integer", "integers"),
    "bool": ("Bool", "Bools"),
    "u64": ("64 bits", "64 bits each"),
}
# `&=` rather than `and`: a branch would stop LLVM from vectorising
UPDATES = {"sum": "{0} += {1}", "prod": "{0} *= {1}", "any": "{0} |= {1}", "all": "{0} &= {1}"}


@dataclass(slots=True)
class Writer:
    """`names` of everything in scope, the lines so far, the helper functions that they call."""

    real: str
    names: dict[AnyNode, str]
    taken: set[str]
    lines: list[str] = field(default_factory=list)
    helpers: set[str] = field(default_factory=set)
    depth: int = 1

    def add(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)

    def code(self, scalar: Scalar) -> str:
        return expression(scalar, self.names, self.real)


def print_procedure(procedure: Procedure, real: str) -> tuple[str, set[str]]:
    """The source of a procedure, and the helpers it calls.  The function takes the lengths that no array's shape gives,
    then the parameters; numbers go in and out as scalars."""
    names: dict[AnyNode, str] = {}
    buffers = [*procedure.parameters, *procedure.results, *procedure.temporaries]
    for buffer in buffers:
        names[buffer] = buffer.name
    writer = Writer(real, names, {buffer.name for buffer in buffers} | set(procedure.dims) | _locals(procedure.body))
    for buffer in (*procedure.results, *procedure.temporaries):
        if buffer.axes:
            lengths = shape(buffer, names, real)
            size = lengths[0] if len(lengths) == 1 else f"({', '.join(lengths)})"
            writer.add(f"{buffer.name} = np.empty({size}{_dtype(buffer, real)})")
    _block(writer, procedure.body)
    if procedure.results:
        writer.add("return " + _tuple([buffer.name for buffer in procedure.results]))
    free, lines = dims_by_shape(procedure)
    head = [NJIT, f"def {procedure.name}({', '.join([*free, *(b.name for b in procedure.parameters)])}):"]
    head += [f"    {line}" if line else "" for line in (*_doc(procedure, names), *lines)]
    _count_helpers(writer, procedure)
    return "\n".join([*head, *writer.lines]) + "\n", writer.helpers


def _locals(block: Sequence[Statement]) -> set[str]:
    """The names of all locals in a block, which no index may take."""
    found: set[str] = set()
    for statement in block:
        match statement:
            case Let(local=local):
                found.add(local.name)
            case For(body=body):
                found |= _locals(body)
            case If(then=then, otherwise=otherwise):
                found |= _locals(then) | _locals(otherwise)
            case While(head=head, tail=tail, close=close):
                found |= _locals(head) | _locals(tail) | _locals(close)
    return found


def dims_by_shape(procedure: Procedure) -> tuple[list[str], list[str]]:
    """The dims that the caller must give, and the lines that read the others from shapes."""
    found: set[str] = set()
    lines = []
    for buffer in procedure.parameters:
        axes = []
        for axis in buffer.axes:
            new = isinstance(axis, ir.Dim) and axis.name not in found
            axes.append(axis.name if isinstance(axis, ir.Dim) and new else "_")
            found.update(axes[-1:] if new else ())
        if any(axis != "_" for axis in axes):
            lines.append(f"{_tuple(axes)} = {buffer.name}.shape")
    return [dim for dim in procedure.dims if dim not in found], lines


def _tuple(parts: Sequence[str]) -> str:
    return f"{parts[0]}," if len(parts) == 1 else ", ".join(parts)


def _dtype(buffer: Buffer, real: str) -> str:
    made = DTYPES.get(buffer.dtype, "float32" if real == "float32" else "")
    return f", {made}" if made else ""


def _doc(procedure: Procedure, names: Mapping[AnyNode, str]) -> list[str]:
    lines = [f'"""{procedure.doc or procedure.name}', ""]
    for buffer in (*procedure.parameters, *procedure.results):
        one, many = KINDS[buffer.dtype]
        axes = ", ".join(expression(axis, names, "float64") for axis in buffer.axes)
        what = f"{many} ({axes})" if buffer.axes else one
        lines.append(f"{'gives ' if buffer in procedure.results else ''}{buffer.name} : {what}")
    return [*lines, '"""']


def _count_helpers(writer: Writer, procedure: Procedure) -> None:
    text = "\n".join(writer.lines)
    for word in (*HELPERS.values(), *ROUTINES):
        if f"{word}(" in text:
            writer.helpers.add(word)


# ---------------------------------------------------------------- statements


def _block(writer: Writer, statements: Sequence[Statement]) -> None:
    for statement in statements:
        _statement(writer, statement)


def _inner(writer: Writer, statements: Sequence[Statement]) -> None:
    writer.depth += 1
    _block(writer, statements)
    if not statements:
        writer.add("pass")
    writer.depth -= 1


def _statement(writer: Writer, statement: Statement) -> None:
    match statement:
        case For():
            _for(writer, statement)
        case Let(local, value):
            writer.names[local] = local.name
            writer.add(f"{local.name} = {writer.code(value)}")
        case Store(buffer, indices, value):
            writer.add(f"{_place(writer, buffer, indices)} = {writer.code(value)}")
        case Accumulate():
            _accumulate(writer, statement)
        case If(condition, then, otherwise):
            writer.add(f"if {writer.code(condition)}:")
            _inner(writer, then)
            if otherwise:
                writer.add("else:")
                _inner(writer, otherwise)
        case While():
            _while(writer, statement)
        case Invoke():
            _invoke(writer, statement)
        case Copy(target, source):
            entries = "[:]" if target.axes else ""
            writer.add(f"{writer.names[target]}{entries} = {writer.names[source]}")
        case Swap(left, right):
            names = writer.names
            writer.add(f"{names[left]}, {names[right]} = {names[right]}, {names[left]}")
        case Alias():
            _alias(writer, statement)


def _place(writer: Writer, buffer: Buffer, indices: Sequence[Scalar]) -> str:
    return place(writer.names[buffer], [text for text, _ in expressions(indices, writer.names, writer.real)])


def _for(writer: Writer, statement: For) -> None:
    index = statement.index
    name, number = index.name, 2
    while name in writer.taken:
        name, number = f"{index.name}{number}", number + 1
    writer.taken.add(name)
    writer.names[index] = name
    writer.add(f"for {name} in range({writer.code(index.extent)}):")
    _inner(writer, statement.body)
    writer.taken.discard(name)


def _accumulate(writer: Writer, statement: Accumulate) -> None:
    target = _place(writer, statement.buffer, statement.indices)
    value = writer.code(statement.value)
    if statement.condition is not None:
        writer.add(f"if {writer.code(statement.condition)}:")
        writer.depth += 1
    if statement.position is not None and statement.at is not None:
        sign = ">" if statement.kind == "argmax" else "<"
        writer.add(f"if {value} {sign} {target}:")
        writer.add(f"    {target} = {value}")
        writer.add(f"    {_place(writer, statement.position, statement.indices)} = {writer.code(statement.at)}")
    elif statement.kind in UPDATES:
        writer.add(UPDATES[statement.kind].format(target, value))
    else:
        word = statement.kind if statement.buffer.dtype == "int" else f"np.{statement.kind}imum"
        writer.add(f"{target} = {word}({target}, {value})")
    if statement.condition is not None:
        writer.depth -= 1


def _while(writer: Writer, statement: While) -> None:
    counter = writer.names[statement.counter]
    writer.add(f"{counter} = 0")
    limit = "True" if statement.limit is None else f"{counter} < {writer.code(statement.limit)}"
    writer.add(f"while {limit}:" + (f"  # {statement.name}" if statement.name else ""))
    writer.depth += 1
    _block(writer, statement.head)
    if statement.condition is not None:
        writer.add(f"if not ({writer.code(statement.condition)}):")
        if statement.close:
            _inner(writer, statement.close)
        writer.add("    break")
    _block(writer, statement.tail)
    writer.add(f"{counter} += 1")
    writer.depth -= 1


def _alias(writer: Writer, statement: Alias) -> None:
    name, base, names = statement.name, statement.base, writer.names
    flat = names[base] if len(base.axes) == 1 else f"{names[base]}.reshape(-1)"
    offset = writer.code(statement.offset)
    if not name.axes:
        names[name] = f"{flat}[{offset}]" if base.axes else names[base]
        return
    names[name] = name.name
    lengths = shape(name, names, writer.real)
    if not base.axes:
        writer.add(f"{name.name} = np.full(({', '.join(lengths)},), {names[base]})")
        return
    size = " * ".join(f"({length})" if " " in length else length for length in lengths)
    start = "" if offset == "0" else offset
    entries = f"{flat}[{start}:{f'{offset} + ' if start else ''}{size}]"
    writer.add(f"{name.name} = {entries}" + (f".reshape(({', '.join(lengths)}))" if len(lengths) > 1 else ""))


def _invoke(writer: Writer, statement: Invoke) -> None:
    if statement.function not in ROUTINES:
        raise ir.IRError(f"{statement.function} is not a function that numba source can call")
    writer.helpers.add(statement.function)
    batch = dict(statement.attributes).get("batch", 0)
    arguments, results = [writer.names[b] for b in statement.arguments], [writer.names[b] for b in statement.results]
    places: list[str] = []
    for axis in range(batch):
        name = f"batch_{axis + 1}"
        writer.add(f"for {name} in range({arguments[0]}.shape[{axis}]):")
        writer.depth += 1
        places.append(name)
    made = f"{statement.function}({', '.join(place(a, places) for a in arguments)})"
    targets = [
        place(name, [*places, *([":"] if len(buffer.axes) > batch else [])])
        for name, buffer in zip(results, statement.results, strict=True)
    ]
    writer.add(f"{', '.join(targets)} = {made}")
    writer.depth -= batch
