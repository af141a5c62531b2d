"""Blocks and functions as array code: one line a definition, loops as the dialect writes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from optgen.backends.arrays.expressions import Printer
from optgen.ir import extents, walk
from optgen.ir import nodes as ir
from optgen.ir.blocks import Block, LoopBlocks, Scheduled
from optgen.ir.nodes import AnyNode, Scalar, Tensor

INDENT = "    "
# names that passes give and no author: a value so called is printed where it is read, if it is read once
UNNAMED = {"", "sum", "prod", "max", "min", "any", "all", "value"}


@dataclass(frozen=True, slots=True)
class Writer:
    """What printing a function needs: the dialect, the expression printer, lines as they are made."""

    dialect: Literal["numpy", "jax"]
    printer: Printer
    names: dict[AnyNode, str]
    lines: list[str]
    calls: set[str]

    def line(self, depth: int, text: str) -> None:
        self.lines.append(INDENT * depth + text)


def function_lines(
    scheduled: Scheduled, dialect: Literal["numpy", "jax"], real: str
) -> tuple[list[str], set[str], list[Scalar]]:
    """The lines of a function, the helpers it uses, and the extents that are not fixed by dims (keyword arguments)."""
    function = scheduled.function
    names = dict(scheduled.names)
    sizes = _free_sizes(scheduled) if dialect == "jax" else {}
    inlined = frozenset(_read_once(scheduled))
    np = "np" if dialect == "numpy" else "jnp"
    printer = Printer(np, "special", real, names, inlined, sizes)
    writer = Writer(dialect, printer, names, [], set())
    _block(writer, scheduled.body, 1)
    results = [_value(writer, tensor) for _, tensor in function.results]
    writer.line(1, f"return {', '.join(results)}{',' if len(results) == 1 else ''}")
    parameters = ", ".join(names[parameter] for parameter in function.parameters)
    keywords = ", ".join([*function.dims, *sizes.values()])
    head = [f"def {function.name}({parameters}{', *, ' + keywords if keywords else ''}):"]
    head.append(f'{INDENT}"""{function.doc or function.name}')
    head.append("")
    head += [f"{INDENT}{names[p]} : {_type(p)}" for p in function.parameters]
    head.append(f"{INDENT}gives {', '.join(name for name, _ in function.results)}")
    head.append(f'{INDENT}"""')
    return [*head, *writer.lines], writer.calls | printer.used, list(sizes)


def _type(parameter: ir.Input) -> str:
    from optgen.backends.arrays.text import extent_text

    kind = {"real": "real", "int": "integer", "bool": "truth value", "u64": "64 bits"}.get(
        parameter.dtype, parameter.dtype
    )
    return f"{kind}[{', '.join(extent_text(axis) for axis in parameter.axes)}]" if parameter.axes else kind


def _value(writer: Writer, tensor: Tensor) -> str:
    if tensor in writer.printer.inlined and isinstance(tensor, ir.Array):
        return writer.printer.tensor(tensor)
    return writer.names[tensor]


# ---------------------------------------------------------------- what is printed where it is read


def _read_once(scheduled: Scheduled) -> list[AnyNode]:
    """Unnamed arrays with one reader in the same block: part of that reader's line."""
    order = list(walk.postorder([tensor for _, tensor in scheduled.function.results]))
    readers: dict[AnyNode, int] = {}
    for node in order:
        for child in walk.children(node):
            readers[child] = readers.get(child, 0) + 1
    for _, tensor in scheduled.function.results:
        readers[tensor] = readers.get(tensor, 0) + 2
    found: list[AnyNode] = []
    constants = [n for n in order if isinstance(n, ir.Array) and not n.indices and isinstance(n.body, ir.Constant)]
    for node in order:
        if not isinstance(node, ir.Array) or node.name not in UNNAMED or readers.get(node, 0) != 1:
            continue
        if not any(isinstance(n, ir.Operation) and n.name == "threefry" for n in walk.postorder([node.body])):
            found.append(node)
    wanted = _read_by_access(order)
    return [*constants, *(node for node in found if node in wanted)]


def _read_by_access(order: Sequence[AnyNode]) -> set[AnyNode]:
    """Arrays read by one access whose own scalar is used once, at distinct plain indices or none."""
    uses: dict[AnyNode, int] = {}
    accesses: dict[AnyNode, ir.Access] = {}
    for node in order:
        for child in walk.children(node):
            uses[child] = uses.get(child, 0) + 1
        if isinstance(node, ir.Access):
            accesses[node.tensor] = node
    return {
        tensor
        for tensor, access in accesses.items()
        if uses.get(access, 0) == 1
        and all(isinstance(i, ir.Index) for i in access.indices)
        and len(set(access.indices)) == len(access.indices)
    }


def _free_sizes(scheduled: Scheduled) -> dict[Scalar, str]:
    """Extents that depend on inputs: jax needs them before it compiles, so they are arguments."""
    sizes: dict[Scalar, str] = {}
    for node in walk.postorder([tensor for _, tensor in scheduled.function.results]):
        if (
            isinstance(node, ir.Loop)
            and node.capacity is not None
            and not _static(node.capacity)
            and node.capacity not in sizes
        ):
            sizes[node.capacity] = "capacity" if not sizes else f"capacity_{len(sizes) + 1}"
    return sizes


def _static(extent: Scalar) -> bool:
    return not any(isinstance(node, ir.Access) for node in walk.postorder([extent]))


# ---------------------------------------------------------------- blocks


def _block(writer: Writer, block: Block, depth: int) -> None:
    for node in block.nodes:
        match node:
            case ir.Array():
                if node not in writer.printer.inlined:
                    writer.line(depth, f"{writer.names[node]} = {writer.printer.tensor(node)}")
            case ir.Concat():
                writer.line(depth, f"{writer.names[node]} = {_concat(writer, node)}")
            case ir.View():
                writer.line(depth, f"{writer.names[node]} = {_view(writer, node)}")
            case ir.Call():
                _call(writer, node, depth)
            case ir.Loop():
                (_numpy_loop if writer.dialect == "numpy" else _jax_loop)(writer, node, block.loops[node], depth)


def _concat(writer: Writer, node: ir.Concat) -> str:
    np = writer.printer.np
    parts = []
    for part in node.parts:
        value = _value(writer, part)
        parts.append(value if len(part.axes) == 1 else f"{np}.reshape({value}, {1 if not part.axes else -1})")
    return f"{np}.concatenate([{', '.join(parts)}])" if len(parts) > 1 else parts[0]


def _view(writer: Writer, node: ir.View) -> str:
    printer = writer.printer
    base = writer.names[node.tensor]
    if len(node.tensor.axes) != 1:
        base = f"{printer.np}.reshape({base}, -1)"
    size = extents.product(node.axes)
    if not extents.same(size, extents.product(node.tensor.axes)):
        if _static(node.offset):
            end = extents.total((node.offset, size))
            base = f"{base}[{printer.extent(extents.normal(node.offset))}:{printer.extent(end)}]"
        elif writer.dialect == "jax":
            base = f"lax.dynamic_slice({base}, ({printer.extent(node.offset)},), ({printer.extent(size)},))"
        else:
            start = printer.extent(node.offset)
            base = f"{base}[{start}:{start} + {printer.extent(size)}]"
    return base if len(node.axes) == 1 else f"{base}.reshape({printer.shape(node.axes)})"


def _call(writer: Writer, node: ir.Call, depth: int) -> None:
    if node.function.startswith("oracle "):
        raise ir.IRError(f"{node.function} is a function of the caller and can't be printed")
    outputs = [_output(writer, node, k) for k in range(len(node.outputs))]
    arguments = ", ".join(_value(writer, argument) for argument in node.arguments)
    writer.calls.add(node.function)
    writer.line(depth, f"{', '.join(outputs)} = {node.function}({arguments})")


def _output(writer: Writer, node: ir.Call, position: int) -> str:
    return writer.names.get(ir.output(node, position), "_")


# ---------------------------------------------------------------- loops


def _name_outputs(writer: Writer, node: ir.Loop) -> list[str]:
    """Outputs are the loop's own variables after it; traces get names of their own.  Returns the names of traces."""
    count = len(node.parameters)
    traces = []
    taken = set(writer.names.values())
    by_position = {n.position: n for n in writer.names if isinstance(n, ir.Output) and n.source is node}
    for place, parameter in enumerate(node.parameters):
        if place in by_position:
            writer.names[by_position[place]] = writer.names[parameter]
    if count in by_position:
        writer.names[by_position[count]] = writer.names[node.counter]
    for place in range(len(node.traces)):
        found = by_position.get(count + 1 + place)
        name = writer.names[found] if found is not None else f"trace_{place + 1}"
        while found is None and name in taken:
            name += "_"
        traces.append(name)
    return traces


def _initial(writer: Writer, node: ir.Loop) -> list[str]:
    return [_value(writer, first) for first in node.initial]


def _empty_traces(writer: Writer, node: ir.Loop) -> list[str]:
    np, real = writer.printer.np, writer.printer.real
    dtypes = {"real": f"{np}.{real}", "int": f"{np}.int64", "bool": "bool", "u64": f"{np}.uint64"}
    assert node.capacity is not None or not node.traces
    return [f"{np}.zeros({writer.printer.shape((node.capacity, *t.axes))}, {dtypes[t.dtype]})" for t in node.traces]  # type: ignore[arg-type]


def _limit(writer: Writer, node: ir.Loop) -> str:
    return "" if node.limit is None else writer.printer.scalar(node.limit, ()).at(4)


def _numpy_loop(writer: Writer, node: ir.Loop, blocks: LoopBlocks, depth: int) -> None:
    traces = _name_outputs(writer, node)
    carried = [writer.names[parameter] for parameter in node.parameters]
    step = writer.names[node.counter]
    if carried:
        writer.line(depth, f"{', '.join(carried)} = {', '.join(_initial(writer, node))}")
    for name, value in zip(traces, _empty_traces(writer, node), strict=True):
        writer.line(depth, f"{name} = {value}")
    writer.line(depth, f"{step} = 0")
    limit = _limit(writer, node)
    writer.line(depth, f"while {f'{step} < {limit}' if limit else 'True'}:")
    _block(writer, blocks.head, depth + 1)
    if node.condition is not None:
        writer.line(depth + 1, f"if not ({writer.printer.scalar(node.condition, ()).text}):")
        writer.line(depth + 2, "break")
    _block(writer, blocks.tail, depth + 1)
    for name, trace in zip(traces, node.traces, strict=True):
        writer.line(depth + 1, f"{name}[{step}] = {_value(writer, trace)}")
    changed = [
        (old, _value(writer, new)) for old, new in zip(carried, node.body, strict=True) if _value(writer, new) != old
    ]
    if changed:
        writer.line(depth + 1, f"{', '.join(old for old, _ in changed)} = {', '.join(new for _, new in changed)}")
    writer.line(depth + 1, f"{step} += 1")


def _jax_loop(writer: Writer, node: ir.Loop, blocks: LoopBlocks, depth: int) -> None:
    """`lax.while_loop`; what the condition needs is computed at the end of a step and carried to the next."""
    traces = _name_outputs(writer, node)
    carried = [writer.names[parameter] for parameter in node.parameters]
    step, loop_name = writer.names[node.counter], writer.names[node]
    shared = _shared(writer, node, blocks)
    test = f"{loop_name}_goes_on"
    head_values = ([test] if node.condition is not None else []) + shared
    inputs = ", ".join([step, *carried])
    if head_values:
        writer.line(depth, f"def {loop_name}_begin({inputs}):")
        _block(writer, blocks.head, depth + 1)
        values = ([writer.printer.scalar(node.condition, ()).text] if node.condition is not None else []) + shared
        writer.line(depth + 1, f"return {', '.join(values)}{',' if len(values) == 1 else ''}")
        writer.lines.append("")
    state = [step, *carried, *head_values, *traces]
    writer.line(depth, f"def {loop_name}_next(carry):")
    writer.line(depth + 1, f"{', '.join(state)}{',' if len(state) == 1 else ''} = carry")
    if not head_values:
        _block(writer, blocks.head, depth + 1)
    _block(writer, blocks.tail, depth + 1)
    for name, trace in zip(traces, node.traces, strict=True):
        writer.line(depth + 1, f"{name} = {name}.at[{step}].set({_value(writer, trace)})")
    changed = [
        (old, _value(writer, new)) for old, new in zip(carried, node.body, strict=True) if _value(writer, new) != old
    ]
    changed.insert(0, (step, f"{step} + 1"))
    writer.line(depth + 1, f"{', '.join(old for old, _ in changed)} = {', '.join(new for _, new in changed)}")
    again = f", *{loop_name}_begin({inputs})" if head_values else ""
    tail = f", {', '.join(traces)}" if traces else ""
    writer.line(depth + 1, f"return {inputs}{again}{tail}{',' if not carried and not again and not tail else ''}")
    writer.lines.append("")
    conditions = []
    if node.limit is not None:
        conditions.append(f"(carry[0] < {_limit(writer, node)})")
    if node.condition is not None:
        conditions.append(f"carry[{1 + len(carried)}]")
    first = ", ".join(["0", *_initial(writer, node)])
    begin = f", *{loop_name}_begin({first})" if head_values else ""
    empty = "".join(f", {value}" for value in _empty_traces(writer, node))
    unpack = [step, *carried, *(["_"] * len(head_values)), *traces]
    target = ", ".join(unpack) + ("," if len(unpack) == 1 else "")
    writer.line(depth, f"{target} = lax.while_loop(")
    test_, comma = " & ".join(conditions) or "True", "," if len(unpack) == 1 else ""
    writer.line(depth + 1, f"lambda carry: {test_}, {loop_name}_next, ({first}{begin}{empty}{comma}))")


def _shared(writer: Writer, node: ir.Loop, blocks: LoopBlocks) -> list[str]:
    """Names computed for the condition that the rest of the step reads too."""
    inlined = writer.printer.inlined
    made: dict[AnyNode, str] = {}
    for item in blocks.head.nodes:
        if isinstance(item, ir.Loop | ir.Call):
            for n in list(writer.names):
                if isinstance(n, ir.Output) and n.source is item:
                    made[n] = writer.names[n]
        elif item not in inlined:
            made[item] = writer.names[item]
    if not made:
        return []
    read: set[AnyNode] = set()
    stack: list[AnyNode] = [*node.body, *node.traces]
    seen: set[AnyNode] = set()
    while stack:
        item = stack.pop()  # type: ignore[assignment]
        if item in seen:
            continue
        seen.add(item)
        if item in made:
            read.add(item)
            continue
        stack.extend(walk.children(item))
    names = {}  # type: ignore[var-annotated]
    for item in made:  # type: ignore[assignment]
        if item in read:
            names[_final_name(writer, item)] = None
    return list(names)


def _final_name(writer: Writer, item: AnyNode) -> str:
    """The variable that holds a value: an output of a loop is the loop's own variable."""
    if isinstance(item, ir.Output) and isinstance(item.source, ir.Loop):
        _name_outputs(writer, item.source)
    return writer.names[item]


__all__ = ["function_lines"]
