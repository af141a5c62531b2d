"""Functions as array code: signature, what it takes and gives, where the dims come from, its lines."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from optgen.backends.arrays.expressions import Printer
from optgen.backends.arrays.inlining import read_once
from optgen.backends.arrays.places import with_places
from optgen.backends.arrays.statements import print_block, static
from optgen.backends.arrays.text import INDENT, WIDTH, broken, extent_text
from optgen.backends.arrays.writer import Dialect, Writer, listed
from optgen.ir import nodes as ir
from optgen.ir import walk
from optgen.ir.nodes import AnyNode, Scalar
from optgen.ir.program import Function
from optgen.passes.common import common
from optgen.passes.finals import with_plain_loops
from optgen.passes.safe import safe
from optgen.passes.schedule import schedule


@dataclass(frozen=True, slots=True)
class Printed:
    """A function as lines, the helpers it calls, and its keywords: of dims that no shape tells, of free extents."""

    lines: list[str]
    helpers: set[str]
    dims: dict[str, str]
    sizes: dict[Scalar, str]


def print_function(function: Function, dialect: Dialect, real: str) -> Printed:
    """A function that passes made ready, as source."""
    ready = with_plain_loops(function)
    ready = safe(ready) if dialect == "jax" else ready
    scheduled = schedule(common(with_places(ready)), reserved=(), in_place=True)
    names = {**scheduled.names, **_dim_names(function.dims, scheduled.names)}
    order = list(walk.postorder([tensor for _, tensor in scheduled.function.results]))
    sizes = _free_sizes(order) if dialect == "jax" else {}
    np = "np" if dialect == "numpy" else "jnp"
    printer = Printer(np, "special", real, names, read_once(scheduled), sizes)
    writer = Writer(dialect, printer, names, _outputs(order))
    print_block(writer, scheduled.body, 1)
    results = [writer.value(tensor) for _, tensor in scheduled.function.results]
    writer.line(1, f"return {listed(results)}")
    bound, dims = _from_shapes(function, names, printer.dims)
    if bound and writer.lines[0].lstrip().startswith("def "):
        bound.append("")
    keywords = [*(names[ir.dim(dim)] for dim in dims), *sizes.values()]
    marks = [f"static_argnames={tuple(keywords)!r}"] if keywords else []
    head = ['@np.errstate(all="ignore")'] if dialect == "numpy" else [_jit(marks)]
    parameters = [names[parameter] for parameter in function.parameters]
    head += broken(f"def {function.name}({', '.join([*parameters, *(['*', *keywords] if keywords else [])])}):", 0)
    head += _docstring(function, names)
    return Printed([*head, *bound, *writer.lines], printer.used, {dim: names[ir.dim(dim)] for dim in dims}, sizes)


def _jit(marks: Sequence[str]) -> str:
    return f"@partial(jax.jit, {', '.join(marks)})" if marks else "@jax.jit"


def _outputs(order: Sequence[AnyNode]) -> dict[AnyNode, dict[int, list[AnyNode]]]:
    found: dict[AnyNode, dict[int, list[AnyNode]]] = {}
    for node in order:
        if isinstance(node, ir.Output):
            found.setdefault(node.source, {}).setdefault(node.position, []).append(node)
    return found


def _free_sizes(order: Sequence[AnyNode]) -> dict[Scalar, str]:
    """Extents that depend on inputs: jax needs them before it compiles, so they are arguments."""
    sizes: dict[Scalar, str] = {}
    for node in order:
        capacity = node.capacity if isinstance(node, ir.Loop) else None
        if capacity is not None and not static(capacity) and capacity not in sizes:
            sizes[capacity] = "capacity" if not sizes else f"capacity_{len(sizes) + 1}"
    return sizes


# ---------------------------------------------------------------- dims


def _dim_names(dims: Sequence[str], names: Mapping[AnyNode, str]) -> dict[AnyNode, str]:
    """Dims keep their names where no value has them."""
    taken = set(names.values())
    made: dict[AnyNode, str] = {}
    for name in dims:
        chosen = name
        while chosen in taken:
            chosen += "_size" if chosen == name else "_"
        taken.add(chosen)
        made[ir.dim(name)] = chosen
    return made


def _from_shapes(function: Function, names: Mapping[AnyNode, str], used: set[str]) -> tuple[list[str], tuple[str, ...]]:
    """Lines that read the dims used from the shapes of parameters, and the dims that no shape tells."""
    missing = dict.fromkeys(dim for dim in function.dims if dim in used)
    lines = []
    for parameter in function.parameters:
        wanted = {axis.name for axis in parameter.axes if isinstance(axis, ir.Dim)} & missing.keys()
        if not wanted:
            continue
        if len(parameter.axes) == 1:
            (dim,) = wanted
            lines.append(f"{INDENT}{names[ir.dim(dim)]} = len({names[parameter]})")
        else:
            targets = []
            for axis in parameter.axes:
                new = isinstance(axis, ir.Dim) and axis.name in wanted
                targets.append(names[axis] if new else "_")
                if new:
                    wanted.discard(axis.name)  # type: ignore[union-attr]
            lines.append(f"{INDENT}{', '.join(targets)} = {names[parameter]}.shape")
        for axis in parameter.axes:
            if isinstance(axis, ir.Dim):
                missing.pop(axis.name, None)
    return lines, tuple(missing)


# ---------------------------------------------------------------- documentation


def _docstring(function: Function, names: Mapping[AnyNode, str]) -> list[str]:
    takes = ", ".join(f"{names[parameter]}{_kind(parameter)}" for parameter in function.parameters)
    gives = ", ".join(f"{name}{_kind(tensor)}" for name, tensor in function.results)
    text = []
    for word, items in (("Takes", takes), ("Gives", gives)):
        if items:
            text += textwrap.wrap(
                f"{word} {items}.", WIDTH - 4, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
            )
    doc = function.doc or function.name
    return [f'{INDENT}"""{doc}', "", *(f"{INDENT}{line}" for line in text), f'{INDENT}"""']


def _kind(tensor: ir.Tensor) -> str:
    """Shape and dtype as the docstring says them; reals are not marked."""
    kind = {"int": "integer", "bool": "truth value", "u64": "64 bits"}.get(tensor.dtype, "")
    shape = f"[{', '.join(extent_text(axis) for axis in tensor.axes)}]" if tensor.axes else ""
    return f"{shape} ({kind})" if kind else shape
