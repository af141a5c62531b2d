"""Blocks as array code: one line a definition."""

from __future__ import annotations

from optgen.backends.arrays.loops import print_loop
from optgen.backends.arrays.writer import Writer
from optgen.ir import extents, walk
from optgen.ir import nodes as ir
from optgen.ir.blocks import Block, BranchBlocks
from optgen.ir.nodes import Scalar


def print_block(writer: Writer, block: Block, depth: int) -> None:
    """The lines of a block, in its order."""
    for node in block.nodes:
        match node:
            case ir.Array() if node in block.branches:
                _branch(writer, node, block.branches[node], depth)
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
                print_loop(writer, node, block.loops[node], depth, print_block)


def _concat(writer: Writer, node: ir.Concat) -> str:
    np = writer.printer.np
    if len(node.parts) > 1 and not any(part.axes for part in node.parts):
        entries = ", ".join(writer.value(part) for part in node.parts)
        return f"{np}.array([{entries}], {writer.printer.dtype(node.dtype)})"
    parts = []
    for part in node.parts:
        value = writer.value(part)
        parts.append(value if len(part.axes) == 1 else f"{np}.reshape({value}, {1 if not part.axes else -1})")
    return f"{np}.concatenate([{', '.join(parts)}])" if len(parts) > 1 else parts[0]


def _view(writer: Writer, node: ir.View) -> str:
    printer = writer.printer
    base = writer.names[node.tensor]
    if len(node.tensor.axes) != 1:
        base = f"{printer.np}.reshape({base}, -1)"
    size = extents.product(node.axes)
    if not extents.same(size, extents.product(node.tensor.axes)):
        base = _slice(writer, base, node.offset, size)
    if len(node.axes) == 1:
        return base
    return f"{base}.reshape({', '.join(printer.extent(a) for a in node.axes) or '()'})"


def _slice(writer: Writer, base: str, offset: Scalar, size: Scalar) -> str:
    printer = writer.printer
    start = printer.extent(extents.normal(offset) if static(offset) else offset)
    if static(offset):
        start = "" if start == "0" else start
        return f"{base}[{start}:{printer.extent(extents.total((offset, size)))}]"
    if writer.dialect == "jax":
        return f"lax.dynamic_slice({base}, ({start},), ({printer.extent(size)},))"
    return f"{base}[{start} : {start} + {printer.extent(size)}]"


def static(extent: Scalar) -> bool:
    """Whether an extent is a formula of dims."""
    return not any(isinstance(node, ir.Access) for node in walk.postorder([extent]))


def _call(writer: Writer, node: ir.Call, depth: int) -> None:
    if node.function.startswith("oracle "):
        raise ir.IRError(f"{node.function} is a function of the caller and can't be printed")
    outputs = [writer.read(node, position) or "_" for position in range(len(node.outputs))]
    arguments = ", ".join(writer.value(argument) for argument in node.arguments)
    writer.printer.used.add(node.function)
    writer.line(depth, f"{', '.join(outputs)} = {node.function}({arguments})")


# ---------------------------------------------------------------- choices that spare work


def _branch(writer: Writer, node: ir.Array, blocks: BranchBlocks, depth: int) -> None:
    """An array that is computed from one of two sides, with what only that side needs."""
    assert isinstance(node.body, ir.Choose)
    name, test = writer.names[node], writer.printer.scalar(node.body.condition, ()).text
    sides = ((blocks.then, node.body.then), (blocks.otherwise, node.body.otherwise))
    if writer.dialect == "numpy":
        for head, (block, value) in zip((f"if {test}:", "else:"), sides, strict=True):
            writer.line(depth, head)
            print_block(writer, block, depth + 1)
            writer.line(depth + 1, f"{name} = {_side(writer, node, value)}")
        return
    functions = [writer.fresh(f"{name}_{word}") for word in ("then", "otherwise")]
    for function, (block, value) in zip(functions, sides, strict=True):
        writer.local_function(depth, f"def {function}():")
        print_block(writer, block, depth + 1)
        writer.line(depth + 1, f"return {_side(writer, node, value)}")
    writer.blank()
    writer.line(depth, f"{name} = lax.cond({test}, {', '.join(functions)})")


def _side(writer: Writer, node: ir.Array, value: Scalar) -> str:
    """The entries of one side."""
    made = ir.array(node.indices, value)
    if not isinstance(made, ir.Array) or made in writer.names:
        return writer.value(made)
    text = writer.printer.tensor(made)
    return f"{writer.printer.dtype(node.dtype)}({text})" if isinstance(value, ir.Constant) and not node.axes else text
