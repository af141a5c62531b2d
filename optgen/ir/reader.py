"""Text of the printer back to functions and programs, equal to those printed up to the identity of bound places.

Errors are IRErrors that name the line and what was expected there.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from optgen.ir import nodes as ir
from optgen.ir.nodes import AnyNode, Tensor
from optgen.ir.parse import Line, Names, hint, tokens
from optgen.ir.program import Condition, Exit, Function, Leaf, Phase, Program, Record, Slot, State
from optgen.ir.text import REDUCTIONS


@dataclass(slots=True)
class Entry:
    """A line with the lines that are deeper below it."""

    number: int
    tokens: Sequence[tuple[str, str]]
    inside: list[Entry] = field(default_factory=list)


def read_function(text: str) -> Function:
    """The function of a text.  Raises IRError where the text is not one."""
    head, names = opened(text, "function")
    name, dims = header(head, names)
    parameters: list[ir.Input] = []
    results: list[tuple[str, Tensor]] = []
    doc = ""
    for line, entry in lines_of(head.inside, names):
        if line.defines():
            define(line, entry)
        elif line.peek()[0] == "string":
            doc = line.string()
        elif line.takes("input"):
            parameters.append(line.declaration())
        else:
            line.expect("result")
            results.append((_titled(line), line.tensor()))
        line.end()
    return Function(name, dims, tuple(parameters), tuple(results), doc)


def opened(text: str, word: str) -> tuple[Entry, Names]:
    """The only entry of a text, which begins with `word`, and an empty table of names."""
    entries = tree(text)
    if len(entries) != 1 or entries[0].tokens[0][1] != word:
        raise ir.IRError(f"line 1: expected one {word}")
    return entries[0], ChainMap()


def header(entry: Entry, names: Names) -> tuple[str, tuple[str, ...]]:
    """`function name(dims)`: the name, and the dims, which are defined."""
    line = Line(entry.number, entry.tokens, names, 1)
    name = hint(line.name())
    dims = line.enclosed(line.name)
    for dim in dims:
        line.define(dim, ir.dim(hint(dim)))
    line.end()
    return name, tuple(hint(dim) for dim in dims)


def tree(text: str) -> list[Entry]:
    """The lines of a text by their indentation."""
    top = Entry(0, ())
    levels: list[tuple[int, Entry]] = [(-1, top)]
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        depth = len(line) - len(line.lstrip(" "))
        while levels[-1][0] >= depth:
            levels.pop()
        entry = Entry(number, tokens(number, line))
        levels[-1][1].inside.append(entry)
        levels.append((depth, entry))
    return top.inside


def lines_of(entries: Sequence[Entry], names: Names) -> Iterator[tuple[Line, Entry]]:
    for entry in entries:
        yield Line(entry.number, entry.tokens, names), entry


# ---------------------------------------------------------------- definitions


def define(line: Line, entry: Entry) -> None:
    """`name[i < n] = scalar`, or `name = ...` for all other nodes."""
    name = line.name()
    if line.takes("["):
        line.define(name, _array(line, entry, hint(name)))
        return
    line.expect("=")
    line.define(name, _other(line, entry, hint(name)))


def _array(line: Line, entry: Entry, name: str) -> AnyNode:
    outside, line.names = line.names, line.names.new_child()
    indices = line.several(line.binder, "]")
    line.expect("=")
    body, _ = _block(line, entry) if entry.inside else (line.scalar(), None)
    line.names = outside
    return ir.array(indices, body, name)


def _block(line: Line, entry: Entry) -> tuple[ir.Scalar, ir.Scalar | None]:
    """Definitions, a condition if there is one, a value."""
    condition = value = None
    for inner, below in lines_of(entry.inside, line.names):
        if inner.defines():
            define(inner, below)
        elif inner.takes("where"):
            condition = inner.scalar()
        else:
            inner.expect("value")
            value = inner.scalar()
        inner.end()
    if value is None:
        raise ir.IRError(f"line {entry.number}: the block has no value")
    return value, condition


def _other(line: Line, entry: Entry, name: str) -> AnyNode:
    if line.sees("(", ahead=1):
        for word, read in (("concat", _concat), ("view", _view)):
            if line.takes(word):
                return read(line, name)
        if line.takes("loop"):
            return _loop(line, entry, name)
        if line.takes("lambda"):
            return _lambda(line, entry)
    if line.peek(1)[0] == "name":
        if line.takes("call"):
            return _call(line)
        if line.sees("jvp", "vjp"):
            return _derivative(line)
    if name:
        return line.output(line.meaning(line.name()), name)
    if entry.inside and line.sees(*REDUCTIONS):
        return _reduction(line, entry)
    return line.scalar()


def _reduction(line: Line, entry: Entry) -> AnyNode:
    kind = line.name()
    outside, line.names = line.names, line.names.new_child()
    indices = line.binders()
    body, condition = _block(line, entry)
    line.names = outside
    return ir.reduce(kind, indices, body, condition)  # type: ignore[arg-type]


def _concat(line: Line, name: str) -> AnyNode:
    return ir.concat(line.enclosed(line.tensor), name)


def _view(line: Line, name: str) -> AnyNode:
    line.expect("(")
    tensor = line.tensor()
    line.expect(",")
    offset = line.scalar()
    line.expect(")")
    line.expect("[")
    return ir.view(tensor, offset, line.several(line.scalar, "]"), name)


def _call(line: Line) -> AnyNode:
    function = hint(line.name())
    arguments = line.enclosed(line.tensor)
    attributes = line.several(line.attribute, "}") if line.takes("{") else []
    line.expect(":")
    types = [line.type()]
    while line.takes(","):
        types.append(line.type())
    return ir.call(function, arguments, types, attributes)


def _derivative(line: Line) -> AnyNode:
    kind = line.name()
    function = line.meaning(line.name())
    if not isinstance(function, ir.Lambda):
        raise ir.IRError(f"line {line.number}: a derivative is that of a lambda")
    at = line.enclosed(line.tensor)
    line.expect("seeds")
    return ir.derivative(kind, function, at, line.enclosed(line.tensor))  # type: ignore[arg-type]


def _lambda(line: Line, entry: Entry) -> AnyNode:
    outside, line.names = line.names, line.names.new_child()
    parameters = line.enclosed(line.declaration)
    results: list[Tensor] = []
    for inner, below in lines_of(entry.inside, line.names):
        if inner.defines():
            define(inner, below)
        else:
            inner.expect("value")
            results += inner.rest(inner.tensor)
        inner.end()
    line.names = outside
    return ir.function_value(parameters, results)


def _loop(line: Line, entry: Entry, name: str) -> AnyNode:
    outside = line.names
    line.names = outside.new_child()
    counters = line.enclosed(lambda: _counter(line))
    bounds = {word: line.scalar() for word in ("limit", "capacity") if line.takes(word)}
    if len(counters) != 1:
        raise ir.IRError(f"line {line.number}: a loop has one counter")
    parameters, initial, body, traces, finals = [], [], [], [], []
    condition = None
    for inner, below in lines_of(entry.inside, line.names):
        if inner.defines():
            define(inner, below)
        elif inner.takes("carry"):
            parameters.append(inner.declaration())
            inner.expect("=")
            initial.append(inner.tensor())
        elif inner.takes("while"):
            condition = inner.scalar()
        elif inner.takes("trace"):
            traces.append(inner.tensor())
        elif inner.takes("final"):
            finals.append(inner.tensor())
        else:
            inner.expect("next")
            body += inner.rest(inner.tensor)
        inner.end()
    line.names = outside
    return ir.loop(
        counters[0], parameters, initial, body, condition=condition, traces=traces, name=name,
        limit=bounds.get("limit"), capacity=bounds.get("capacity"), finals=finals,
    )  # fmt: skip


def _counter(line: Line) -> ir.Input:
    name = line.name()
    made = ir.Input(hint(name), "int")
    line.define(name, made)
    return made


# ---------------------------------------------------------------- programs


def read_program(text: str) -> Program:
    """The program of a text, without spans.  Raises IRError where the text is not one."""
    head, names = opened(text, "program")
    name, dims = header(head, names)  # also those with a size
    words = ("size", "slot", "state", "phase", "let", "objective", "oracle")
    parts: dict[str, list[Any]] = {word: [] for word in words}
    places: dict[str, ir.Input] = {}
    doc = ""
    for line, entry in lines_of(head.inside, names):
        if line.defines():
            define(line, entry)
            line.end()
            continue
        if line.peek()[0] == "string":
            doc = line.string()
            continue
        match line.name():
            case "seed" | "done" as word:
                places[word] = line.declaration()
            case "data" | "param" | "start" as word:
                parts["slot"].append(_slot(line, entry, word))
            case "size":
                parts["size"].append((_titled(line), line.scalar()))
            case "state":
                parts["state"].append(_state(line, entry))
            case "phase":
                parts["phase"].append(_phase(line, entry, parts["state"]))
            case "let":
                parts["let"].append((_titled(line), line.tensor()))
            case "objective":
                parts["objective"].append(_objective(line))
            case "oracle":
                parts["oracle"].append(hint(line.name()))
            case word:
                raise ir.IRError(f"line {line.number}: a program has no {word}")
        line.end()
    if set(places) != {"seed", "done"}:
        raise ir.IRError("line 1: a program has a seed and a done")
    sized = {size for size, _ in parts["size"]}
    dims = tuple(dim for dim in dims if dim not in sized)
    objective = parts["objective"][0] if parts["objective"] else None
    return Program(
        name, doc, dims, tuple(parts["size"]), tuple(parts["slot"]), places["seed"], tuple(parts["state"]),
        tuple(parts["phase"]), tuple(parts["let"]), objective, tuple(parts["oracle"]), done=places["done"],
    )  # fmt: skip


def _titled(line: Line) -> str:
    """`name =`"""
    name = hint(line.name())
    line.expect("=")
    return name


def _objective(line: Line) -> ir.Scalar:
    line.expect("value")
    line.expect("=")
    return line.scalar()


def _called(line: Line) -> tuple[str, ir.Input]:
    """`name : type` or `name as input : type`"""
    if not line.sees("as", ahead=1):
        name = hint(line.peek()[1])
        return name, line.declaration()
    name = hint(line.name())
    line.expect("as")
    return name, line.declaration()


def _leaf(line: Line) -> Leaf:
    name = hint(line.name())
    line.expect(":")
    line.expect("[")
    axes = tuple(line.several(line.scalar, "]"))
    line.expect("at")
    return Leaf(name, axes, line.scalar())


def _slot(line: Line, entry: Entry, kind: str) -> Slot:
    name, place = _called(line)
    doc, value, conditions, structure = "", None, [], []
    for inner, below in lines_of(entry.inside, line.names):
        if inner.defines():
            define(inner, below)
        elif inner.takes("require"):
            sentence = inner.string()
            inner.expect("when")
            conditions.append(Condition(sentence, inner.scalar()))
        elif inner.takes("leaf"):
            structure.append(_leaf(inner))
        elif inner.takes("default"):
            value = inner.tensor()
        else:
            doc = inner.string()
        inner.end()
    return Slot(name, place, kind, value, tuple(conditions), tuple(structure), doc)  # type: ignore[arg-type]


def _state(line: Line, entry: Entry) -> State:
    name, place = _called(line)
    base = line.integer() if line.takes("base") else 0
    line.expect("=")
    initial = line.tensor()
    structure = []
    for inner, _ in lines_of(entry.inside, line.names):
        inner.expect("leaf")
        structure.append(_leaf(inner))
        inner.end()
    return State(name, place, initial, tuple(structure), base)


def _phase(line: Line, entry: Entry, states: Sequence[State]) -> Phase:
    name = hint(line.name())
    (done,) = line.enclosed(lambda: _counter(line))
    length = line.scalar() if line.takes("length") else None
    following: dict[AnyNode, Tensor] = {}
    rules: dict[str, list[Exit]] = {word: [] for word in ("stop", "until", "fail", "diverged")}
    records = []
    for inner, below in lines_of(entry.inside, line.names):
        if inner.defines():
            define(inner, below)
        elif inner.takes("next"):
            state = inner.meaning(inner.name())
            inner.expect("=")
            following[state] = inner.tensor()
        elif inner.sees(*rules):
            found = rules[inner.name()]
            reason = inner.string()
            inner.expect("when")
            found.append(Exit(reason, inner.scalar()))
        else:
            inner.expect("record")
            within = inner.sees("inner") and inner.peek(1)[0] == "name" and inner.takes("inner")
            records.append(Record(_titled(inner), inner.tensor(), within))
        inner.end()
    after = tuple(following.get(state.input, state.input) for state in states)
    stops, untils, fails, diverged = (tuple(found) for found in rules.values())
    return Phase(name, done, length, after, stops, untils, fails, diverged, tuple(records))
