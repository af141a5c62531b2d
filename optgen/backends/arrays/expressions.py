"""Scalars of the IR as array expressions.

A scalar with free indices prints as an array with one axis for each, in the order in which its tensors have them.
Where values meet, what has fewer axes is aligned by `[:, None]`; axes that come first need nothing, as broadcasting
aligns from the right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from optgen.backends.arrays import reductions
from optgen.backends.arrays.code import ATOM, LOOSEST, POSTFIX, UNARY, Code
from optgen.ir import extents
from optgen.ir import nodes as ir
from optgen.ir.nodes import AnyNode, Index, Scalar
from optgen.ir.operations import declared
from optgen.ir.walk import substitute
from optgen.passes.loops.bounds import inside
from optgen.passes.safe import root_of

HELPED = ("threefry", "uniform_bits", "index_bits", "high_word", "low_word")
# NumPy's scalars divide by zero silently, numbers of Python raise
RAISES = ("div", "floordiv", "power")
PLAIN_LOGIC = {"and": (" and ", 1.5), "or": (" or ", 1.0)}
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")


@dataclass(frozen=True, slots=True)
class Printer:
    """`np` is the name of the array module, `special` of its special functions, `real` the dtype of reals.

    `inlined` tensors print where they are read; `sizes` are names of extents that are not fixed by dims; `used`
    collects the helper functions and `dims` the dims that the text needs.
    """

    np: str
    special: str
    real: str
    names: Mapping[AnyNode, str]
    inlined: frozenset[AnyNode] = frozenset()
    sizes: Mapping[Scalar, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    dims: set[str] = field(default_factory=set)

    # ------------------------------------------------------------ whole tensors

    def tensor(self, node: ir.Array) -> str:
        """The value of an array: its body with the axes of its indices, broadcast if some are missing."""
        made = self.scalar(node.body, node.indices)
        if set(made.axes) == set(node.indices):
            return self.align(made, node.indices).text
        shape = self.shape(node.axes)
        if not made.axes and isinstance(node.body, ir.Constant):
            return self.full(node.body, shape)
        return f"{self.np}.broadcast_to({self.align(made, node.indices).text}, {shape})"

    def full(self, body: ir.Constant, shape: str) -> str:
        if body.value == 0:
            return f"{self.np}.zeros({shape}, {self.dtype(body.dtype)})"
        return f"{self.np}.full({shape}, {self.constant(body).text}, {self.dtype(body.dtype)})"

    def dtype(self, name: str) -> str:
        return {"real": f"{self.np}.{self.real}", "int": f"{self.np}.int64", "bool": "bool"}.get(
            name, f"{self.np}.uint64"
        )

    def shape(self, axes: Sequence[Scalar]) -> str:
        if len(axes) == 1:
            return self.extent(axes[0])
        return f"({', '.join(self.extent(axis) for axis in axes)})"

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
                self.dims.add(name)
                return Code(self.names.get(node, name))
            case ir.Index():
                return Code(f"{self.np}.arange({self.extent(node.extent)})", (node,))
            case ir.Operation():
                return self.operation(node, order)
            case ir.Access():
                return self.access(node, order)
            case ir.Reduce():
                return reductions.reduction(self, node, self.ordered(node.free, order))
            case ir.Choose():
                return self.choose(node, order)
        raise ir.IRError(f"{type(node).__name__} can't be printed")

    def constant(self, node: ir.Constant) -> Code:
        value = node.value
        if node.dtype == "u64":
            return Code(f"{self.np}.uint64({value})")
        if isinstance(value, float):
            text = {"inf": f"{self.np}.inf", "-inf": f"-{self.np}.inf"}.get(repr(value), f"{self.np}.nan")
        else:
            text = repr(float(value)) if isinstance(value, Fraction) else str(value)
        return Code(text, (), UNARY if text.startswith("-") else ATOM)

    def ordered(self, free: frozenset[Index], order: tuple[Index, ...]) -> tuple[Index, ...]:
        return tuple(index for index in order if index in free)

    def together(self, parts: Sequence[Code], order: tuple[Index, ...]) -> tuple[list[Code], tuple[Index, ...]]:
        """Codes that broadcast together, and the axes they then have: theirs if they agree, else those of `order`."""
        own = {part.axes for part in parts if part.axes}
        if len(own) <= 1:
            return list(parts), next(iter(own), ())
        axes = self.ordered(frozenset().union(*own), order)
        return [self.align(part, axes) for part in parts], axes

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

    # ------------------------------------------------------------ operations

    def operation(self, node: ir.Operation, order: tuple[Index, ...]) -> Code:
        declaration = declared(node.name)
        if node.name in HELPED:
            self.used.add(node.name)
        if self.np == "np" and not node.free and node.dtype == "bool" and node.name in ("and", "or", "not"):
            return self.logic(node)
        parts, axes = self.together([self.argument(node, k, order) for k in range(len(node.arguments))], order)
        if node.name in RAISES and not any(self.typed(a) for a in node.arguments) and not _nonzero(node.arguments[1]):
            parts[0] = Code(f"{self.dtype(node.arguments[0].dtype)}({parts[0].text})", parts[0].axes)
        if node.name == "power_int" and isinstance(node.arguments[1], ir.Constant):
            exponent = node.arguments[1].value
            return Code(f"{parts[0].at(12)} ** {exponent if exponent >= 0 else f'({exponent})'}", axes, 11)
        if node.name == "neg":
            return Code(f"-{parts[0].at(UNARY)}", axes, UNARY)
        if declaration.infix is not None:
            sign, strength = declaration.infix
            # a sum is printed as it was written: rounding depends on the order
            loose = node.name in ("and", "or")
            left = strength + (1 if node.name in COMPARISONS or node.name == "power" else 0)
            return Code(f"{parts[0].at(left)} {sign} {parts[1].at(strength + (not loose))}", axes, strength)
        if declaration.numpy == "{0}":
            return Code(parts[0].text, axes, parts[0].strength)
        if (
            node.name == "minimum"
            and isinstance(node.arguments[0], ir.Operation)
            and node.arguments[0].name == "maximum"
        ):
            return self.clip(node.arguments[0], node.arguments[1], order)
        arguments = [part.text for part in parts]
        text = declaration.numpy.format(*arguments, np=self.np, special=self.special, real=self.real)
        return Code(text, axes)

    def clip(self, inner: ir.Operation, most: Scalar, order: tuple[Index, ...]) -> Code:
        """min(max(x, low), high)."""
        x, low, high = (self.scalar(part, order) for part in (*inner.arguments, most))
        (x, low, high), axes = self.together([x, low, high], order)
        return Code(f"{self.np}.clip({x.text}, {low.text}, {high.text})", axes)

    def argument(self, node: ir.Operation, place: int, order: tuple[Index, ...]) -> Code:
        """An argument; a dim beside a number of the array module needs no conversion."""
        argument = node.arguments[place]
        if len(node.arguments) == 2 and node.name in ("add", "sub", "mul", "div"):
            match argument:
                case ir.Operation(name="to_real", arguments=(ir.Dim() as dim,)) if self.typed(
                    node.arguments[1 - place]
                ):
                    return self.scalar(dim, order)
        return self.scalar(argument, order)

    def logic(self, node: ir.Operation) -> Code:
        """Truth values without axes in numpy: Python's own words, which stop early."""
        parts = [self.scalar(argument, ()) for argument in node.arguments]
        if node.name == "not":
            return Code(f"not {parts[0].at(2)}", (), 2)
        word, strength = PLAIN_LOGIC[node.name]
        return Code(word.join(part.at(strength) for part in parts), (), strength)

    def choose(self, node: ir.Choose, order: tuple[Index, ...]) -> Code:
        square = root_of(node) if self.np == "jnp" else None
        if square is not None:
            self.used.add("square_root")
            made = self.scalar(square, order)
            return Code(f"square_root({made.text})", made.axes)
        parts = [self.scalar(part, order) for part in (node.condition, node.then, node.otherwise)]
        test, then, otherwise = parts
        if self.np == "np" and not node.condition.free and then.axes == otherwise.axes:
            numbers = self.typed(node.then) and self.typed(node.otherwise)
            if numbers or node.dtype != "real":
                return Code(f"{then.at(1)} if {test.at(1)} else {otherwise.at(0)}", then.axes, LOOSEST)
        parts, axes = self.together(parts, order)
        return Code(f"{self.np}.where({', '.join(part.text for part in parts)})", axes)

    def typed(self, node: Scalar) -> bool:
        """Whether numpy computes the scalar to a number of its own and not of Python."""
        match node:
            case ir.Constant() | ir.Dim():
                return False
            case ir.Access(tensor=tensor) if tensor in self.inlined and isinstance(tensor, ir.Array):
                return self.typed(tensor.body)
            case ir.Access(tensor=tensor):
                return not (isinstance(tensor, ir.Input) and tensor.dtype == "int" and not tensor.axes)
            case ir.Operation(name=name, arguments=arguments):
                wrapped = "{np}" in declared(name).numpy or "{special}" in declared(name).numpy
                return wrapped or name in RAISES or any(self.typed(a) for a in arguments)
            case ir.Choose(then=then, otherwise=otherwise):
                return self.typed(then) and self.typed(otherwise)
        return True

    # ------------------------------------------------------------ reading tensors

    def access(self, node: ir.Access, order: tuple[Index, ...]) -> Code:
        tensor = node.tensor
        if tensor in self.inlined:
            assert isinstance(tensor, ir.Array)
            if isinstance(tensor.body, ir.Constant):
                return self.constant(tensor.body)
            body = substitute([tensor.body], dict(zip(tensor.indices, node.indices, strict=True)))[0]
            return self.scalar(body, order)
        name = self.names[tensor]
        if not node.indices:
            return Code(name)
        pairs = list(zip(node.indices, tensor.axes, strict=True))
        plain = [self.slice(index, axis) for index, axis in pairs]
        moving = [next(iter(index.free)) for index, part in zip(node.indices, plain, strict=True) if part is not None]
        gathers = [k for k, (index, part) in enumerate(zip(node.indices, plain, strict=True)) if part is None]
        apart = len(set(moving)) == len(moving)
        if apart and not any(node.indices[k].free for k in gathers):
            return self.sliced(name, node, plain)
        if apart and len(gathers) == 1:
            only = self.scalar(pairs[gathers[0]][0], order)
            if len(only.axes) == 1 and only.axes[0] not in moving:
                return self.gathered(name, node, plain, gathers[0], only)
        return self.indexed(name, node, order)

    def slice(self, index: Scalar, axis: Scalar) -> str | None:
        """`:` for a whole axis, `a:b` for a shifted one that stays inside; None for anything else."""
        match index:
            case Index() if extents.same(index.extent, axis):
                return ":"
            case Index() if inside(index, axis):
                return f":{self.extent(index.extent)}"
            case ir.Operation(name="add" | "sub" as sign, arguments=(Index() as i, ir.Constant(value=shift))):
                start = int(shift) if sign == "add" else -int(shift)
                if start < 0 or not inside(index, axis):
                    return None
                return f"{start}:{self.extent(extents.total((i.extent, ir.constant(start))))}"
        return None

    def sliced(self, name: str, node: ir.Access, plain: Sequence[str | None]) -> Code:
        picks, axes = [], []
        for index, part in zip(node.indices, plain, strict=True):
            if part is None:
                picks.append(self.scalar(index, ()).text)
            else:
                picks.append(part)
                axes.append(next(iter(index.free)))
        while picks and picks[-1] == ":":
            picks.pop()
        return Code(f"{name}[{', '.join(picks)}]" if picks else name, tuple(axes), POSTFIX)

    def gathered(self, name: str, node: ir.Access, plain: Sequence[str | None], place: int, only: Code) -> Code:
        """One axis gathered by an integer vector, the others sliced."""
        picks = [part or "" for part in plain]
        picks[place] = only.text
        axes = [only.axes[0] if k == place else next(iter(index.free)) for k, index in enumerate(node.indices)]
        while len(picks) > place + 1 and picks[-1] == ":":
            picks.pop()
        return Code(f"{name}[{', '.join(picks)}]", tuple(axes), POSTFIX)

    def indexed(self, name: str, node: ir.Access, order: tuple[Index, ...]) -> Code:
        axes = self.ordered(frozenset().union(*(index.free for index in node.indices)), order)
        picks = []
        for index in node.indices:
            picks.append(self.align(self.scalar(index, order), axes).text)
        return Code(f"{name}[{', '.join(picks)}]", axes, POSTFIX)


def _nonzero(scalar: Scalar) -> bool:
    return isinstance(scalar, ir.Constant) and scalar.value != 0
