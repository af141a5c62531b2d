"""Abstract interpretation of IR nodes: tensors as linear forms over named vectors, numbers as quotients of symbols.

A tensor with one axis of unknown length is a vector: states, points, answers of oracles are names, and what is linear
in them is a `Form`.  A number is a coefficient (`Fraction`, `Ratio`), or a `Quadratic` where it holds products of
vectors or function values.  What is neither is refused with a sentence (`NotLinear`), and the claim is left to others.

A gradient is taken on the quadratic: the argument of the function is a marker among the names, what is asked of an
oracle at a point with the marker waits until the marker gets its point.  Equal points of an oracle are one point, so a
subgradient is the same at equal points.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import isqrt

from optgen.ir import nodes as ir
from optgen.ir.nodes import Scalar, Tensor
from optgen.proof.cancel import lowest
from optgen.proof.polynomial import Number, Ratio, symbol, to_json
from optgen.proof.problem import NOWHERE, ZERO, Form, Point, Quadratic, constant, inner, value, vector

MARK = "the argument of "
ROOT = "sqrt("
LARGEST = 64  # members, unrolled steps and powers: what is written out


class NotLinear(Exception):
    """Something that is no linear form or quadratic; the sentence says what."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A number that depends on the place along a vector: a linear form there, plus products of two entries there."""

    index: ir.Index
    form: Form
    pairs: Quadratic = ZERO


@dataclass(frozen=True, slots=True)
class Root:
    """factor * sqrt(inside): a norm, which a claim compares after squaring."""

    factor: Number
    inside: Quadratic


Value = Fraction | Ratio | Quadratic | Entry | Root
Whole = Fraction | Ratio | Quadratic | Form | Root  # of a tensor at numbers for its axes of known length


@dataclass(slots=True)
class Asked:
    """The points where an oracle was asked so far, by their forms; `free` counts answers at points without a name."""

    points: dict[str, Point] = field(default_factory=dict)
    steps: dict[str, tuple[Form, Form]] = field(default_factory=dict)  # of a prox: (point, subgradient) by its input


@dataclass(slots=True)
class Frame:
    """What stands for inputs: the states of one iterate, params, names of the claim."""

    values: Mapping[ir.Input, Callable[[tuple[int, ...]], Whole]]
    memo: dict[tuple[object, ...], Value] = field(default_factory=dict)
    wholes: dict[tuple[object, ...], Whole] = field(default_factory=dict)


@dataclass(slots=True)
class Reader:
    """Reads nodes.  `sizes` are lengths of axes by the names of their dims; `special` reads calls that claims make."""

    sizes: Mapping[str, int]
    special: Callable[[ir.Call, Reader, Frame, Mapping[ir.Index, int], tuple[int, ...]], Whole | None]
    asked: dict[str, Asked] = field(default_factory=dict)
    waiting: dict[str, tuple[str, Form]] = field(default_factory=dict)  # values at points with a marker
    numbers: Mapping[str, Number] = field(default_factory=dict)  # what stands for a root
    roots: dict[str, Number] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    operators: set[str] = field(default_factory=set)  # oracles that answer with vectors when called

    # ------------------------------------------------------------ numbers

    def scalar(self, node: Scalar, frame: Frame, at: Mapping[ir.Index, int]) -> Value:
        key = (node, *sorted((id(i), n) for i, n in at.items() if i in node.free))
        if key not in frame.memo:
            frame.memo[key] = self._scalar(node, frame, at)
        return frame.memo[key]

    def _scalar(self, node: Scalar, frame: Frame, at: Mapping[ir.Index, int]) -> Value:
        match node:
            case ir.Constant(value=bool() | float()):
                raise NotLinear("a number that is not rational")
            case ir.Constant(value=number):
                return Fraction(number)
            case ir.Dim(name=name):
                return Fraction(self.sizes[name]) if name in self.sizes else lowest(symbol(name))
            case ir.Index():
                if node not in at:
                    raise NotLinear("the place along a vector is used as a number")
                return Fraction(at[node])
            case ir.Operation(name=name, arguments=arguments):
                return self._operation(name, [self.scalar(a, frame, at) for a in arguments])
            case ir.Access(tensor=tensor, indices=indices):
                return self._access(tensor, indices, frame, at)
            case ir.Reduce():
                return self._reduce(node, frame, at)
            case ir.Choose(
                condition=ir.Operation(name="eq", arguments=(square, ir.Constant(value=0))),
                otherwise=ir.Operation(name="sqrt", arguments=(inside,)) as root,
            ) if square is inside:  # a norm: the choice is there for its derivative at 0
                return self.scalar(root, frame, at)
            case ir.Choose(condition=condition, then=then, otherwise=otherwise):
                chosen = self.truth(condition, frame, at)
                if chosen is None:
                    raise NotLinear("a choice that depends on the numbers")
                return self.scalar(then if chosen else otherwise, frame, at)
        raise NotLinear("a draw")

    def _operation(self, name: str, values: Sequence[Value]) -> Value:
        rule = OPERATIONS.get(name)
        if rule is not None:
            return rule(*values)
        if name == "sqrt" and isinstance(values[0], Fraction | Ratio):
            return self.root(values[0])
        if name == "sqrt" and isinstance(values[0], Quadratic):
            return Root(Fraction(1), values[0])
        raise NotLinear(f"{name.replace('_', ' ')} is not linear")

    def root(self, number: Number) -> Number:
        """The square root as a symbol with its polynomial, if it is not rational."""
        exact = exact_root(lowest(number))
        if exact is not None:
            return exact
        key = f"{ROOT}{shown(lowest(number))})"
        if key in self.numbers:
            return self.numbers[key]
        self.roots.setdefault(key, lowest(number))
        return lowest(symbol(key))

    def truth(self, node: Scalar, frame: Frame, at: Mapping[ir.Index, int]) -> bool | None:
        """A condition on known numbers; None if symbols hide it."""
        match node:
            case ir.Constant(value=bool() as known):
                return known
            case ir.Operation(name="not", arguments=(inside,)):
                found = self.truth(inside, frame, at)
                return None if found is None else not found
            case ir.Operation(name="and" | "or" as word, arguments=(a, b)):
                left, right = self.truth(a, frame, at), self.truth(b, frame, at)
                decisive = word == "or"
                if left is decisive or right is decisive:
                    return decisive
                return None if left is None or right is None else not decisive
            case ir.Operation(name=name, arguments=(a, b)) if name in COMPARED:
                sides = [self.scalar(side, frame, at) for side in (a, b)]
                if all(isinstance(side, Fraction) for side in sides):
                    return COMPARED[name](*sides)
        return None

    def _reduce(self, node: ir.Reduce, frame: Frame, at: Mapping[ir.Index, int]) -> Value:
        if node.kind != "sum":
            raise NotLinear(f"{node.kind} over an index is not linear")
        index, rest = node.indices[0], node.indices[1:]
        inside = node.body if not rest else ir.reduce("sum", rest, node.body, node.condition)
        condition = node.condition if not rest else None
        size = self.size(index.extent, frame, at)
        if size is None:
            if condition is not None:
                raise NotLinear("a sum over a part of a vector")
            return summed(self.scalar(inside, frame, at), index)
        total: Value = Fraction(0)
        for place in range(size):
            here = {**at, index: place}
            holds = True if condition is None else self.truth(condition, frame, here)
            if holds is None:
                raise NotLinear("a sum under a condition that depends on the numbers")
            if holds:
                total = added(total, self.scalar(inside, frame, here))
        return total

    def size(self, extent: Scalar, frame: Frame, at: Mapping[ir.Index, int]) -> int | None:
        """The length of an axis; None where it is that of a vector."""
        if isinstance(extent, ir.Dim) and extent.name not in self.sizes:
            return None
        found = self.scalar(extent, frame, at)
        if not isinstance(found, Fraction):
            return None
        if found > LARGEST:
            raise NotLinear(f"more than {LARGEST} members")
        return int(found)

    # ------------------------------------------------------------ tensors

    def _access(self, tensor: Tensor, indices: Sequence[Scalar], frame: Frame, at: Mapping[ir.Index, int]) -> Value:
        places, along = [], None
        for axis, index in zip(tensor.axes, indices, strict=True):
            if self.size(axis, frame, at) is None:
                if not isinstance(index, ir.Index) or index in at or along is not None:
                    raise NotLinear("single entries of a vector")
                along = index
            else:
                place = self.scalar(index, frame, at)
                if not isinstance(place, Fraction):
                    raise NotLinear("a member chosen by a number that is not known")
                places.append(int(place))
        whole = self.whole(tensor, frame, at, tuple(places))
        if isinstance(whole, Form):
            if along is None:
                raise NotLinear("single entries of a vector")
            return Entry(along, whole)
        return whole

    def whole(self, tensor: Tensor, frame: Frame, at: Mapping[ir.Index, int], places: tuple[int, ...]) -> Whole:
        """A tensor at numbers for its axes of known length: a form if a vector's axis is left."""
        key = (tensor, places, *sorted((id(i), n) for i, n in at.items() if i in tensor.free))
        if key not in frame.wholes:
            frame.wholes[key] = self._whole(tensor, frame, at, places)
        return frame.wholes[key]

    def _whole(self, tensor: Tensor, frame: Frame, at: Mapping[ir.Index, int], places: tuple[int, ...]) -> Whole:
        match tensor:
            case ir.Input():
                if tensor not in frame.values:
                    raise NotLinear(f"{tensor.name} is not known to the claim")
                return frame.values[tensor](places)
            case ir.Array(indices=indices, body=body):
                here, left, along = dict(at), list(places), None
                for index in indices:
                    if self.size(index.extent, frame, at) is None:
                        along = index
                    else:
                        here[index] = left.pop(0)
                return as_whole(self.scalar(body, frame, here), along)
            case ir.Output(source=ir.Derivative() as node, position=position):
                return self.gradient(node, position, frame, at, places)
            case ir.Output(source=ir.Call() as node):
                return self.call(node, frame, at, places)
        raise NotLinear("a value that is not a formula of vectors")

    def form(self, tensor: Tensor, frame: Frame, at: Mapping[ir.Index, int], places: tuple[int, ...] = ()) -> Form:
        found = self.whole(tensor, frame, at, places)
        if found == 0:
            return NOWHERE
        if not isinstance(found, Form):
            raise NotLinear("a number where a vector is needed")
        return found

    # ------------------------------------------------------------ oracles

    def call(self, node: ir.Call, frame: Frame, at: Mapping[ir.Index, int], places: tuple[int, ...]) -> Whole:
        found = self.special(node, self, frame, at, places)
        if found is not None:
            return found
        if not node.function.startswith("oracle "):
            raise NotLinear(f"{node.function} is not linear")
        name = node.function.removeprefix("oracle ")
        x = self.form(node.arguments[0], frame, at)
        if name.endswith((".prox", ".resolvent")):
            return self.implicit(name.rsplit(".", 1)[0], x, self.number(node.arguments[1], frame, at))
        if name.endswith("[i]"):
            place = self.number(node.arguments[1], frame, at)
            name = f"{name[:-3]}[{place + 1}]"
        is_value = not node.outputs[0][1]
        if is_value:
            return self.asked_value(name, x)
        self.operators.add(name)
        return self.point(name, x).g

    def number(self, tensor: Tensor, frame: Frame, at: Mapping[ir.Index, int]) -> Number:
        found = self.whole(tensor, frame, at, ())
        if not isinstance(found, Fraction | Ratio):
            raise NotLinear("a vector where a number is needed")
        return found

    def point(self, oracle: str, x: Form) -> Point:
        """The point of an oracle at x, asked for the first time or again."""
        if any(name.startswith(MARK) for name in x.terms):
            raise NotLinear("an operator inside a derivative")
        known = self.asked.setdefault(oracle, Asked()).points
        key = form_key(x)
        if key not in known:
            name = self.point_name(x)
            known[key] = Point(name, x, vector(f"{oracle}'({name})"), value(f"{oracle}({name})"))
        return known[key]

    def point_name(self, x: Form) -> str:
        """A short name: that of the vector it is, else a number of its own."""
        if len(x.terms) == 1 and next(iter(x.terms.values())) == 1:
            return next(iter(x.terms))
        key = form_key(x)
        if key not in self.names:
            self.names[key] = len(self.names) + 1
        return f"y{self.names[key]}"

    def asked_value(self, oracle: str, x: Form) -> Quadratic:
        if not any(name.startswith(MARK) for name in x.terms):
            return self.point(oracle, x).f
        name = f"{oracle} at {form_key(x)}"
        self.waiting[name] = (oracle, x)
        return value(name)

    def implicit(self, oracle: str, z: Form, step: Number) -> Form:
        """prox(h, t)(z) = z - t s, s a subgradient of h there (an answer of the operator)."""
        known = self.asked.setdefault(oracle, Asked())
        key = f"{form_key(z)} {to_json(lowest(step))}"
        if key not in known.steps:
            answer = f"{oracle}'({self.implicit_name(oracle)})"
            s = vector(answer)
            x = z - step * s
            name = answer[len(oracle) + 2 : -1]
            known.points[form_key(x)] = Point(name, x, s, value(f"{oracle}({name})"))
            known.steps[key] = (x, s)
        return known.steps[key][0]

    def implicit_name(self, oracle: str) -> str:
        return f"p{sum(len(a.steps) for a in self.asked.values()) + 1}"

    # ------------------------------------------------------------ gradients

    def gradient(
        self, node: ir.Derivative, position: int, frame: Frame, at: Mapping[ir.Index, int], places: tuple[int, ...]
    ) -> Whole:
        function = node.function
        if node.kind != "vjp" or len(function.results) != 1 or function.results[0].axes or places:
            raise NotLinear("a derivative of a map")
        seed = self.number(node.seeds[0], frame, at)
        parameter = function.parameters[position]
        if len(function.parameters) != 1 or len(parameter.axes) != 1:
            raise NotLinear("a derivative by several arguments")
        mark = f"{MARK}{id(parameter)}"
        inside = Frame({**frame.values, parameter: lambda _: vector(mark)})
        body = self.whole(function.results[0], inside, at, ())
        point = self.form(node.at[0], frame, at)
        found = self.differentiated(as_quadratic(body), mark, point)
        return seed * found

    def differentiated(self, body: Quadratic, mark: str, point: Form) -> Form:
        total = NOWHERE
        for (a, b), c in body.products.items():
            for side, other in ((a, b), (b, a)):
                if side == mark:
                    total = total + c * vector(other)
        for name, c in body.values.items():
            if name in self.waiting:
                oracle, x = self.waiting[name]
                slope = x.terms.get(mark)
                if slope is not None:
                    total = total + (c * slope) * self.slope(oracle, placed(x, mark, point))
        return placed(total, mark, point)

    def slope(self, oracle: str, x: Form) -> Form:
        return self.point(oracle, x).g


# ---------------------------------------------------------------- arithmetic


def added(left: Value, right: Value) -> Value:
    if isinstance(left, Entry) or isinstance(right, Entry):
        if not isinstance(left, Entry) or not isinstance(right, Entry):
            number, entry = (right, left) if isinstance(left, Entry) else (left, right)
            if number == 0:
                return entry
            raise NotLinear("a number added to every entry of a vector")
        if left.index is not right.index:
            raise NotLinear("entries at different places in one sum")
        return Entry(left.index, left.form + right.form, left.pairs + right.pairs)
    if isinstance(left, Fraction | Ratio) and isinstance(right, Fraction | Ratio):
        return left + right
    for zero, other in ((left, right), (right, left)):
        if zero == 0:
            return other
    return as_quadratic(left) + as_quadratic(right)


def multiplied(left: Value, right: Value) -> Value:
    for number, other in ((left, right), (right, left)):
        if isinstance(number, Fraction | Ratio):
            return times(number, other)
    if isinstance(left, Root) and left == right:
        return (left.factor * left.factor) * left.inside
    if isinstance(left, Entry) and isinstance(right, Entry) and left.index is right.index:
        if left.pairs.products or right.pairs.products:
            raise NotLinear("a product of more than two vectors")
        return Entry(left.index, NOWHERE, inner(left.form, right.form))
    raise NotLinear("a product that is not of two vectors")


def times(number: Number, other: Value) -> Value:
    if isinstance(other, Entry):
        return Entry(other.index, number * other.form, number * other.pairs)
    if isinstance(other, Root):
        return Root(number * other.factor, other.inside)
    return number * other


def divided(left: Value, right: Value) -> Value:
    if not isinstance(right, Fraction | Ratio):
        raise NotLinear("a division by a quantity that depends on vectors")
    if right == 0:
        raise NotLinear("a division by 0")
    return times(1 / right, left)


def power(base: Value, exponent: Value) -> Value:
    if not isinstance(exponent, Fraction) or exponent.denominator != 1 or abs(exponent) > LARGEST:
        raise NotLinear("a power that is not a small integer")
    if isinstance(base, Fraction | Ratio):
        if base == 0 and exponent < 0:
            raise NotLinear("a division by 0")
        return base ** int(exponent)
    if exponent == 2:
        return multiplied(base, base)
    if exponent == 1:
        return base
    raise NotLinear("a power of a quantity that depends on vectors")


def same(x: Value) -> Value:
    return x


OPERATIONS: dict[str, Callable[..., Value]] = {
    "add": added,
    "sub": lambda a, b: added(a, times(Fraction(-1), b)),
    "neg": lambda a: times(Fraction(-1), a),
    "mul": multiplied,
    "div": divided,
    "power_int": power,
    "power": power,
    "to_real": same,
    "stop_gradient": same,
}
COMPARED: dict[str, Callable[..., bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
}


def summed(body: Value, index: ir.Index) -> Value:
    """The sum of entries along a vector: an inner product."""
    if isinstance(body, Entry) and body.index is index:
        if body.form.terms:
            raise NotLinear("a sum over the entries of a vector")
        return body.pairs
    if isinstance(body, Fraction) and body == 0:
        return body
    raise NotLinear("a sum over a vector of something that is no product of two vectors")


def as_quadratic(item: object) -> Quadratic:
    if isinstance(item, Quadratic):
        return item
    if isinstance(item, Fraction | Ratio):
        return constant(item)
    what = "a norm that is not compared alone" if isinstance(item, Root) else "a vector where a number is needed"
    raise NotLinear(what)


def as_whole(item: Value, along: ir.Index | None) -> Whole:
    if isinstance(item, Entry):
        if item.index is not along or item.pairs.products:
            raise NotLinear("an elementwise product of vectors")
        return item.form
    if along is not None:
        if isinstance(item, Fraction) and item == 0:
            return NOWHERE
        raise NotLinear("a vector with equal entries")
    return item


def placed(form: Form, name: str, what: Form) -> Form:
    """A form with a form for one of its names."""
    if name not in form.terms:
        return form
    rest = Form({n: c for n, c in form.terms.items() if n != name})
    return rest + form.terms[name] * what


def form_key(form: Form) -> str:
    """The same text for equal forms."""
    return ", ".join(f"{n}: {to_json(lowest(c))}" for n, c in sorted(form.terms.items()))


def shown(number: Number) -> str:
    """A coefficient as text."""
    if isinstance(number, Fraction):
        return str(number)
    parts = [" + ".join(term(m, c) for m, c in sorted(p.terms.items())) for p in (number.numerator, number.denominator)]
    return parts[0] if parts[1] == "1" else f"({parts[0]})/({parts[1]})"


def term(monomial: Sequence[tuple[str, int]], c: Fraction) -> str:
    factors = [n if p == 1 else f"{n}^{p}" for n, p in monomial]
    return "*".join(factors if c == 1 and factors else [str(c), *factors])


def exact_root(number: Number) -> Number | None:
    """The root of a square: of a rational, or of a product of even powers of roots."""
    if isinstance(number, Fraction):
        return rational_root(number)
    result: Number = Fraction(1)
    for polynomial, sign in ((number.numerator, 1), (number.denominator, -1)):
        if len(polynomial.terms) != 1:
            return None
        ((monomial, c),) = polynomial.terms.items()
        root = rational_root(c)
        if root is None or any(p % 2 or not n.startswith(ROOT) for n, p in monomial):
            return None
        result = result * (root if sign == 1 else 1 / root)
        for n, p in monomial:
            result = result * lowest(symbol(n)) ** (sign * p // 2)
    return result


def rational_root(number: Fraction) -> Fraction | None:
    if number < 0:
        return None
    top, bottom = isqrt(number.numerator), isqrt(number.denominator)
    return Fraction(top, bottom) if top * top == number.numerator and bottom * bottom == number.denominator else None
