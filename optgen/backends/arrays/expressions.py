"""Scalars of the IR as array expressions.

A scalar with free indices prints as an array with one axis for each, in the order of the indices around it.  What has
fewer axes is aligned by `[:, None]`; axes that come first need nothing, as broadcasting aligns from the right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from optgen.ir import extents
from optgen.ir import nodes as ir
from optgen.ir.nodes import AnyNode, Index, Scalar
from optgen.ir.operations import OPERATIONS
from optgen.passes.loops.bounds import inside

ATOM, POSTFIX, UNARY, LOOSEST = 20, 15, 10, 0


@dataclass(frozen=True, slots=True)
class Code:
    """Text of an array with exactly these axes; `strength` is how tightly its outermost operator binds."""

    text: str
    axes: tuple[Index, ...] = ()
    strength: int = ATOM

    def at(self, strength: int) -> str:
        """The text, in parentheses if something that binds this tightly stands beside it."""
        return self.text if self.strength >= strength else f"({self.text})"


@dataclass(frozen=True, slots=True)
class Printer:
    """`np` is the name of the array module, `special` of its special functions, `real` the dtype of reals.

    `inlined` tensors print where they are read; `sizes` are names of extents that are not fixed by dims.
    """

    np: str
    special: str
    real: str
    names: Mapping[AnyNode, str]
    inlined: frozenset[AnyNode] = frozenset()
    sizes: Mapping[Scalar, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    # ------------------------------------------------------------ whole tensors

    def tensor(self, node: ir.Array) -> str:
        """The value of an array: its body with the axes of its indices, broadcast if some are missing."""
        made = self.scalar(node.body, node.indices)
        if made.axes == node.indices:
            return made.text
        shape = self.shape(node.axes)
        if not made.axes and isinstance(node.body, ir.Constant):
            return self.full(node.body, shape)
        return f"{self.np}.broadcast_to({self.align(made, node.indices).text}, {shape})"

    def full(self, body: ir.Constant, shape: str) -> str:
        dtype = {
            "real": f"{self.np}.{self.real}",
            "int": f"{self.np}.int64",
            "bool": "bool",
            "u64": f"{self.np}.uint64",
        }[body.dtype]
        if body.value == 0:
            return f"{self.np}.zeros({shape}, {dtype})"
        return f"{self.np}.full({shape}, {self.constant(body).text}, {dtype})"

    def shape(self, axes: Sequence[Scalar]) -> str:
        return f"({', '.join(self.extent(axis) for axis in axes)}{',' if len(axes) == 1 else ''})"

    def extent(self, extent: Scalar) -> str:
        if extent in self.sizes:
            return self.sizes[extent]
        return self.scalar(extent, ()).text

    # ------------------------------------------------------------ scalars

    def scalar(self, node: Scalar, order: tuple[Index, ...]) -> Code:
        """The code of a scalar; `order` are the indices around it, outermost first."""
        match node:
            case ir.Constant():
                return self.constant(node)
            case ir.Dim(name=name):
                return Code(self.names.get(node, name))
            case ir.Index():
                return Code(f"{self.np}.arange({self.extent(node.extent)})", (node,))
            case ir.Operation():
                return self.operation(node, order)
            case ir.Access():
                return self.access(node, order)
            case ir.Reduce():
                return self.reduce(node, order)
            case ir.Choose():
                return self.choose(node, order)
        raise ir.IRError(f"{type(node).__name__} can't be printed")

    def constant(self, node: ir.Constant) -> Code:
        value = node.value
        if node.dtype == "u64":
            return Code(f"{self.np}.uint64({value})")
        if isinstance(value, float):
            text = {"inf": f"{self.np}.inf", "-inf": f"-{self.np}.inf"}.get(repr(value), f"{self.np}.nan")
            return Code(text, (), UNARY if text[0] == "-" else ATOM)
        if isinstance(value, Fraction):
            text = repr(float(value))
            text = text.removesuffix(".0") + ".0" if text.endswith(".0") else text
        else:
            text = str(value)
        return Code(text, (), UNARY if text.startswith("-") else ATOM)

    def ordered(self, free: frozenset[Index], order: tuple[Index, ...]) -> tuple[Index, ...]:
        return tuple(index for index in order if index in free)

    def align(self, code: Code, target: tuple[Index, ...]) -> Code:
        """The code with an axis for each target index, size 1 where it does not vary; leading ones are left out."""
        if code.axes == target or not code.axes:
            return code
        wanted = [index for index in target if index in code.axes]
        text, strength = code.text, code.strength
        if list(code.axes) != wanted:
            if len(wanted) == 2:
                text = f"{code.at(POSTFIX)}.T"
            else:
                text = f"{self.np}.transpose({text}, ({', '.join(str(code.axes.index(i)) for i in wanted)}))"
            strength = POSTFIX
        first = target.index(wanted[0])
        picks = [":" if index in wanted else "None" for index in target[first:]]
        if "None" in picks:
            base = text if strength >= POSTFIX else f"({text})"
            while picks and picks[-1] == ":":
                picks.pop()  # trailing full axes need no mark
            text, strength = f"{base}[{', '.join(picks)}]", POSTFIX
        return Code(text, target[first:], strength)

    def operation(self, node: ir.Operation, order: tuple[Index, ...]) -> Code:
        declaration = OPERATIONS[node.name]
        axes = self.ordered(node.free, order)
        parts = [self.align(self.scalar(argument, order), axes) for argument in node.arguments]
        if node.name == "power_int" and isinstance(node.arguments[1], ir.Constant):
            exponent = node.arguments[1].value
            return Code(f"{parts[0].at(12)} ** {exponent if exponent >= 0 else f'({exponent})'}", axes, 11)
        if node.name == "neg":
            return Code(f"-{parts[0].at(UNARY)}", axes, UNARY)
        if node.name in ("threefry", "uniform_bits", "index_bits", "high_word", "low_word"):
            self.used.add(node.name)
        if declaration.infix is not None:
            sign, strength = declaration.infix
            right = strength + (0 if node.name in ("add", "mul", "and", "or") else 1)
            left = strength + (1 if strength == 3 or node.name == "power" else 0)
            # a sum is printed as it was written: rounding depends on the order
            right = strength + 1 if node.name in ("add", "sub", "mul", "div", "mod", "floordiv") else right
            return Code(f"{parts[0].at(left)} {sign} {parts[1].at(max(right, left))}", axes, strength)
        arguments = [part.at(POSTFIX) if declaration.numpy.startswith("{0}.") else part.text for part in parts]
        text = declaration.numpy.format(*arguments, np=self.np, special=self.special, real=self.real)
        return Code(text, axes, ATOM if text.endswith(")") and not text.startswith("(") else LOOSEST)

    def choose(self, node: ir.Choose, order: tuple[Index, ...]) -> Code:
        axes = self.ordered(node.free, order)
        parts = [self.align(self.scalar(part, order), axes) for part in (node.condition, node.then, node.otherwise)]
        return Code(f"{self.np}.where({', '.join(part.text for part in parts)})", axes)

    # ------------------------------------------------------------ reading tensors

    def access(self, node: ir.Access, order: tuple[Index, ...]) -> Code:
        tensor = node.tensor
        if tensor in self.inlined:
            return self.read_inlined(node, order)
        name = self.names[tensor]
        if not node.indices:
            return Code(name)
        plain = [self.slice(index, axis) for index, axis in zip(node.indices, tensor.axes, strict=True)]
        gathers = [
            k for k, (index, part) in enumerate(zip(node.indices, plain, strict=True)) if part is None and index.free
        ]
        used = [index for index, part in zip(node.indices, plain, strict=True) if part is not None]
        moving = [self.moving(index) for index in used]
        distinct = len(set(moving)) == len(moving)
        if distinct and not gathers:
            return self.sliced(name, node, plain)
        if (
            distinct
            and len(gathers) == 1
            and not any(part is None and not i.free for i, part in zip(node.indices, plain, strict=True))
        ):
            only = self.scalar(node.indices[gathers[0]], order)
            if len(only.axes) == 1 and only.axes[0] not in moving:
                return self.gathered(name, node, plain, gathers[0], only)
        return self.indexed(name, node, order)

    def moving(self, index: Scalar) -> Index | None:
        return next(iter(index.free), None)

    def slice(self, index: Scalar, axis: Scalar) -> str | None:
        """`:` for a whole axis, `a:b` for a shifted one that stays inside; None for anything else."""
        match index:
            case Index() if extents.same(index.extent, axis):
                return ":"
            case Index() if inside(index, axis):
                return f":{self.extent(index.extent)}"
            case ir.Operation(name="add" | "sub" as sign, arguments=(Index() as i, ir.Constant(value=shift))) if inside(
                index, axis
            ):
                start = shift if sign == "add" else -shift
                if start < 0:
                    return None
                return f"{start}:{self.extent(extents.total((i.extent, ir.constant(start))))}"
        return None

    def sliced(self, name: str, node: ir.Access, plain: Sequence[str | None]) -> Code:
        picks, axes = [], []
        for index, axis, part in zip(node.indices, node.tensor.axes, plain, strict=True):
            if part is None:
                picks.append(self.clamped(index, axis, ()).text)
            else:
                picks.append(part)
                axes.append(self.moving(index))
        while picks and picks[-1] == ":":
            picks.pop()
        text = f"{name}[{', '.join(picks)}]" if picks else name
        return Code(text, tuple(axes), POSTFIX)  # type: ignore[arg-type]

    def gathered(self, name: str, node: ir.Access, plain: Sequence[str | None], place: int, only: Code) -> Code:
        """One axis gathered by an integer vector, the others sliced."""
        picks = [part or "" for part in plain]
        picks[place] = self.clamped(node.indices[place], node.tensor.axes[place], only.axes).text
        axes = [only.axes[0] if k == place else self.moving(index) for k, index in enumerate(node.indices)]
        while len(picks) > place + 1 and picks[-1] == ":":
            picks.pop()
        return Code(f"{name}[{', '.join(picks)}]", tuple(axes), POSTFIX)  # type: ignore[arg-type]

    def indexed(self, name: str, node: ir.Access, order: tuple[Index, ...]) -> Code:
        axes = self.ordered(frozenset().union(*(index.free for index in node.indices)), order)
        picks = []
        for index, axis in zip(node.indices, node.tensor.axes, strict=True):
            picks.append(self.align(self.clamped(index, axis, order), axes).text)
        return Code(f"{name}[{', '.join(picks)}]", axes, POSTFIX)

    def clamped(self, index: Scalar, axis: Scalar, order: tuple[Index, ...]) -> Code:
        """The index, kept inside its axis where it was not shown to be."""
        made = self.scalar(index, order or tuple(index.free))
        if inside(index, axis):
            return made
        return Code(f"{self.np}.clip({made.text}, 0, {self.extent(extents.total((axis, ir.constant(-1))))})", made.axes)

    def read_inlined(self, node: ir.Access, order: tuple[Index, ...]) -> Code:
        from optgen.ir.walk import substitute

        tensor = node.tensor
        assert isinstance(tensor, ir.Array)
        body = substitute([tensor.body], dict(zip(tensor.indices, node.indices, strict=True)))[0]
        return self.scalar(body, order)

    # ------------------------------------------------------------ reductions

    def reduce(self, node: ir.Reduce, order: tuple[Index, ...]) -> Code:
        outer = self.ordered(node.free, order)
        if node.kind == "sum" and node.dtype == "real":
            made = self.product(node, outer) or self.scattered(node, outer)
            if made is not None:
                return made
        full = (*outer, *node.indices)
        body = self.scalar(node.body, full)
        identity = self.identity(node)
        if node.condition is not None:
            test = self.align(self.scalar(node.condition, full), full)
            body = Code(f"{self.np}.where({test.text}, {self.align(body, full).text}, {identity})", full)
        if body.axes != full:
            body = Code(
                f"{self.np}.broadcast_to({self.align(body, full).text}, {self.shape([i.extent for i in full])})", full
            )
        axis = "" if not outer else f", axis={-1 if len(node.indices) == 1 else tuple(range(-len(node.indices), 0))}"
        text = f"{self.np}.{node.kind}({body.text}{axis}"
        if node.kind in ("max", "min"):
            text += f", initial={identity}"
        return Code(f"{text})", outer)

    def identity(self, node: ir.Reduce) -> str:
        least = {"real": f"-{self.np}.inf", "int": f"{self.np}.iinfo({self.np}.int64).min"}
        most = {"real": f"{self.np}.inf", "int": f"{self.np}.iinfo({self.np}.int64).max"}
        match node.kind:
            case "max" | "argmax":
                return least[node.body.dtype]
            case "min" | "argmin":
                return most[node.body.dtype]
            case "prod":
                return "1.0" if node.dtype == "real" else "1"
            case "any":
                return "False"
            case "all":
                return "True"
        return "0.0" if node.dtype == "real" else "0"

    def product(self, node: ir.Reduce, outer: tuple[Index, ...]) -> Code | None:
        """A sum of products as @, where it is one of two factors over one index."""
        if node.condition is not None or len(node.indices) != 1:
            return None
        (j,) = node.indices
        full = (*outer, j)
        groups: dict[frozenset[Index], Scalar] = {}
        for factor in _factors(node.body):
            key = factor.free & frozenset(full)
            groups[key] = factor if key not in groups else _times(groups[key], factor)
        if len(groups) == 1 and isinstance(node.body, ir.Operation) and node.body.name == "mul" and len(outer) == 0:
            left, right = (self.scalar(a, full) for a in node.body.arguments)
            if left.axes == right.axes == (j,):
                return Code(f"{left.at(10)} @ {right.at(10)}", (), 9)
        if len(groups) != 2 or any(j not in key for key in groups):
            return None
        left, right = (self.scalar(value, full) for value in groups.values())
        own = [index for index in left.axes if index is not j]
        other = [index for index in right.axes if index is not j]
        if set(own) & set(other) or len(own) + len(other) != len(outer) or len(own) > 1 or len(other) > 1:
            return None
        if (own and other and outer.index(own[0]) > outer.index(other[0])) or (
            other and not own and len(right.axes) == 2 and right.axes[0] is not j
        ):
            left, right, own, other = right, left, other, own
        a = self.align(left, (*own, j)) if own else left
        b = self.align(right, (j, *other)) if other else right
        return Code(f"{a.at(10)} @ {b.at(10)}", outer, 9)

    def scattered(self, node: ir.Reduce, outer: tuple[Index, ...]) -> Code | None:
        """A sum under `e == p`, e over the summed index: entries counted into their places."""
        if len(outer) != 1 or len(node.indices) != 1 or node.condition is None:
            return None
        match node.condition:
            case ir.Operation(name="eq", arguments=(e, p)) if p is outer[0] and e.free == frozenset(node.indices):
                places, value = e, node.body
            case ir.Operation(name="eq", arguments=(p, e)) if p is outer[0] and e.free == frozenset(node.indices):
                places, value = e, node.body
            case _:
                return None
        if outer[0] in value.free:
            return None
        at, weights = self.scalar(places, node.indices), self.scalar(value, node.indices)
        if weights.axes != node.indices:
            return None
        length = self.extent(outer[0].extent)
        if self.np == "np":
            text = f"np.bincount({at.text}, weights={weights.text}, minlength={length})"
            return Code(text if self.real == "float64" else f"np.{self.real}({text})", outer)
        return Code(f"jnp.zeros({length}, jnp.{self.real}).at[{at.text}].add({weights.text})", outer)


def _factors(body: Scalar) -> list[Scalar]:
    if isinstance(body, ir.Operation) and body.name == "mul":
        return [*_factors(body.arguments[0]), *_factors(body.arguments[1])]
    return [body]


def _times(left: Scalar, right: Scalar) -> Scalar:
    from optgen.ir.operations import apply

    return apply("mul", left, right)
