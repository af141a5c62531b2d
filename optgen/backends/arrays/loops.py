"""Loops as each dialect writes them: `for` and `while` in numpy, `fori_loop` and `while_loop` of lax in jax."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from optgen.backends.arrays.writer import Writer, listed
from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.blocks import Block, LoopBlocks
from optgen.ir.nodes import AnyNode, Scalar

PrintBlock = Callable[[Writer, Block, int], None]


def print_loop(writer: Writer, node: ir.Loop, blocks: LoopBlocks, depth: int, block: PrintBlock) -> None:
    """A loop; afterwards its outputs are the variables it worked on."""
    if _counted(node) and not node.parameters and not node.traces:
        _count(writer, node, depth)  # nothing else comes of it
        return
    print_as = _numpy_loop if writer.dialect == "numpy" else _jax_loop
    print_as(writer, node, blocks, depth, block)


def _traces(writer: Writer, node: ir.Loop) -> list[str]:
    """Names of the traces; what a loop carries keeps its name after it."""
    first = len(node.parameters) + 1
    return [
        writer.read(node, first + place) or writer.fresh(f"{writer.names[node]}_trace")
        for place in range(len(node.traces))
    ]


def _initial(writer: Writer, node: ir.Loop) -> list[str]:
    """First values, numbers with their type: a Python number divides with exceptions, and is a double."""
    printer = writer.printer
    made = []
    for first in node.initial:
        value = writer.value(first)
        constant = isinstance(first, ir.Array) and isinstance(first.body, ir.Constant)
        needed = constant if writer.dialect == "numpy" else printer.real == "float32"
        if first.dtype == "real" and not first.axes and needed:
            value = f"{printer.np}.{printer.real}({value})"
        made.append(value)
    return made


def _empty_traces(writer: Writer, node: ir.Loop) -> list[str]:
    printer = writer.printer
    if node.capacity is None:
        return []
    shapes = [printer.shape((node.capacity, *trace.axes)) for trace in node.traces]
    return [
        f"{printer.np}.zeros({shape}, {printer.dtype(trace.dtype)})"
        for shape, trace in zip(shapes, node.traces, strict=True)
    ]


def _changes(writer: Writer, node: ir.Loop) -> tuple[list[str], list[str]]:
    """Variables that a step changes, and their next values."""
    pairs = [(writer.names[old], writer.value(new)) for old, new in zip(node.parameters, node.body, strict=True)]
    changed = [(old, new) for old, new in pairs if old != new]
    return [old for old, _ in changed], [new for _, new in changed]


def _counted(node: ir.Loop) -> bool:
    """Whether a loop runs a number of times that is known before it."""
    return node.condition is None and node.limit is not None


def _count(writer: Writer, node: ir.Loop, depth: int) -> None:
    """How often such a loop ran, for those who ask afterwards."""
    if node.limit is None or writer.read(node, len(node.parameters)) is None:
        return
    limit = writer.printer.scalar(node.limit, ()).text
    known = isinstance(node.limit, ir.Constant) and node.limit.value >= 0
    writer.line(
        depth, f"{writer.names[node.counter]} = {limit if known else f'{writer.printer.np}.maximum({limit}, 0)'}"
    )


# ---------------------------------------------------------------- numpy


def _numpy_loop(writer: Writer, node: ir.Loop, blocks: LoopBlocks, depth: int, block: PrintBlock) -> None:
    counted = _counted(node)
    traces = _traces(writer, node)
    step = writer.names[node.counter]
    if node.parameters:
        writer.line(depth, f"{_carried(writer, node)} = {', '.join(_initial(writer, node))}")
    for name, value in zip(traces, _empty_traces(writer, node), strict=True):
        writer.line(depth, f"{name} = {value}")
    limit = None if node.limit is None else writer.printer.scalar(node.limit, ())
    if counted and limit is not None:
        writer.line(depth, f"for {step} in range({limit.text}):")
    else:
        writer.line(depth, f"{step} = 0")
        writer.line(depth, f"while {f'{step} < {limit.at(4)}' if limit is not None else 'True'}:")
    begun = len(writer.lines)
    block(writer, blocks.head, depth + 1)
    if node.condition is not None:
        writer.line(depth + 1, f"if {writer.printer.scalar(_opposite(node.condition), ()).text}:")
        writer.line(depth + 2, "break")
    block(writer, blocks.tail, depth + 1)
    _record(writer, node, traces, step, depth + 1)
    old, new = _changes(writer, node)
    if old:
        writer.line(depth + 1, f"{', '.join(old)} = {', '.join(new)}")
    if not counted:
        writer.line(depth + 1, f"{step} += 1")
        return
    if len(writer.lines) == begun:
        writer.line(depth + 1, "pass")
    _count(writer, node, depth)


def _carried(writer: Writer, node: ir.Loop) -> str:
    return ", ".join(writer.names[parameter] for parameter in node.parameters)


def _opposite(condition: Scalar) -> Scalar:
    from optgen.ir.operations import apply

    if isinstance(condition, ir.Operation) and condition.name == "not":
        return condition.arguments[0]
    return apply("not", condition)


def _record(writer: Writer, node: ir.Loop, traces: Sequence[str], step: str, depth: int) -> None:
    """Rows beyond the capacity are dropped, where there may be any."""
    if traces and not _fits(node.limit, node.capacity):
        assert node.capacity is not None
        writer.line(depth, f"if {step} < {writer.printer.extent(node.capacity)}:")
        depth += 1
    for name, trace in zip(traces, node.traces, strict=True):
        writer.line(depth, f"{name}[{step}] = {writer.value(trace)}")


def _fits(limit: Scalar | None, capacity: Scalar | None) -> bool:
    """Whether limit <= capacity by form."""
    match limit, capacity:
        case None, _:
            return False
        case ir.Constant(value=a), ir.Constant(value=b):
            return a <= b
        case ir.Operation(name="minimum", arguments=arguments), _:
            return limit is capacity or any(_fits(a, capacity) for a in arguments)
        case ir.Operation(name="sub", arguments=(a, b)), ir.Operation(name="sub", arguments=(c, d)) if b is d:
            return _fits(a, c)
    return limit is capacity


# ---------------------------------------------------------------- jax


def _jax_loop(writer: Writer, node: ir.Loop, blocks: LoopBlocks, depth: int, block: PrintBlock) -> None:
    if _counted(node):
        _fori_loop(writer, node, blocks, depth, block)
    else:
        _while_loop(writer, node, blocks, depth, block)


def _fori_loop(writer: Writer, node: ir.Loop, blocks: LoopBlocks, depth: int, block: PrintBlock) -> None:
    traces = _traces(writer, node)
    step, body = writer.names[node.counter], writer.fresh(f"{writer.names[node]}_body")
    state = listed([*(writer.names[parameter] for parameter in node.parameters), *traces])
    first = listed([*_initial(writer, node), *_empty_traces(writer, node)])
    writer.local_function(depth, f"def {body}({step}, carry):")
    writer.line(depth + 1, f"{state} = carry")
    block(writer, blocks.head, depth + 1)
    block(writer, blocks.tail, depth + 1)
    _set_rows(writer, node, traces, step, depth + 1)
    following = [writer.value(new) for new in node.body]
    writer.line(depth + 1, f"return {listed([*following, *traces])}")
    writer.blank()
    assert node.limit is not None
    limit = writer.printer.scalar(node.limit, ()).text
    carry = writer.fresh(f"{writer.names[node]}_carry")
    writer.line(depth, f"{carry} = ({first})")
    writer.line(depth, f"{state} = lax.fori_loop(0, {limit}, {body}, {carry})")
    _count(writer, node, depth)


def _while_loop(writer: Writer, node: ir.Loop, blocks: LoopBlocks, depth: int, block: PrintBlock) -> None:
    """What the condition needs is computed before the loop and at the end of each step, and carried to the next."""
    traces = _traces(writer, node)
    test, body, going = (writer.fresh(f"{writer.names[node]}_{word}") for word in ("test", "body", "going"))
    step = writer.names[node.counter]
    carried = [step, *(writer.names[parameter] for parameter in node.parameters)]
    shared = _shared(writer, node, blocks) if node.condition is not None else []
    again, ignored = [], []
    if node.condition is not None:
        again, ignored = [f"*{test}({', '.join(carried)})"], ["_"]
        writer.local_function(depth, f"def {test}({', '.join(carried)}):")
        block(writer, blocks.head, depth + 1)
        writer.line(depth + 1, f"return {listed([writer.printer.scalar(node.condition, ()).text, *shared])}")
    writer.local_function(depth, f"def {body}(carry):")
    writer.line(depth + 1, f"{listed([*carried, *ignored, *shared, *traces])} = carry")
    if node.condition is None:
        block(writer, blocks.head, depth + 1)
    block(writer, blocks.tail, depth + 1)
    _set_rows(writer, node, traces, step, depth + 1)
    old, new = _changes(writer, node)
    writer.line(depth + 1, f"{', '.join([step, *old])} = {', '.join([f'{step} + 1', *new])}")
    writer.line(depth + 1, f"return {listed([*carried, *again, *traces])}")
    writer.local_function(depth, f"def {going}(carry):")
    writer.line(depth + 1, f"return {_going(writer, node)}")
    writer.blank()
    first = ["0", *_initial(writer, node)]
    begin = [f"*{test}({', '.join(first)})"] if again else []
    target = [*carried, *(["_"] * (len(shared) + len(ignored))), *traces]
    start = listed([*first, *begin, *_empty_traces(writer, node)])
    carry = writer.fresh(f"{writer.names[node]}_carry")
    writer.line(depth, f"{carry} = ({start})")
    writer.line(depth, f"{carry} = lax.while_loop({going}, {body}, {carry})")
    writer.line(depth, f"{listed(target)} = {carry}")


def _going(writer: Writer, node: ir.Loop) -> str:
    """The condition in the carry: the counter comes first, the test after what is carried."""
    test = f"carry[{len(node.parameters) + 1}]"
    if node.limit is None:
        return test if node.condition is not None else "True"
    limit = f"carry[0] < {writer.printer.scalar(node.limit, ()).at(4)}"
    return f"({limit}) & {test}" if node.condition is not None else limit


def _set_rows(writer: Writer, node: ir.Loop, traces: Sequence[str], step: str, depth: int) -> None:
    for name, trace in zip(traces, node.traces, strict=True):
        writer.line(depth, f"{name} = {name}.at[{step}].set({writer.value(trace)})")


def _shared(writer: Writer, node: ir.Loop, blocks: LoopBlocks) -> list[str]:
    """Names of what the head computes and the rest of the step reads."""
    made: set[AnyNode] = set()
    for item in blocks.head.nodes:
        if isinstance(item, ir.Loop | ir.Call):
            made.update(output for nodes in writer.outputs.get(item, {}).values() for output in nodes)
        elif item not in writer.printer.inlined:
            made.add(item)
    read: dict[AnyNode, None] = {}
    seen: set[AnyNode] = set()
    stack: list[AnyNode] = [*reversed((*node.body, *node.traces))]
    while stack:
        part = stack.pop()
        if part in seen:
            continue
        seen.add(part)
        if part in made:
            read[part] = None
        else:
            stack.extend(reversed(walk.children(part)))
    return list(dict.fromkeys(writer.names[item] for item in read))
