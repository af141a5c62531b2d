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

from optgen.ir import nodes as ir
from optgen.ir.nodes import Scalar, Tensor
from optgen.proof.answers import MARK, Answers
from optgen.proof.averages import MEMBER, OPEN, Place, of_members, sampled
from optgen.proof.cancel import lowest
from optgen.proof.polynomial import Number, Ratio, symbol
from optgen.proof.problem import NOWHERE, Form, Quadratic, vector
from optgen.proof.quantities import (
    COMPARED,
    LARGEST,
    OPERATIONS,
    ROOT,
    Entry,
    NotLinear,
    Root,
    Value,
    Whole,
    added,
    as_quadratic,
    as_whole,
    exact_root,
    form_key,
    shown,
    summed,
    times,
)


def nothing_special(*_: object) -> None:
    """No call has a meaning of its own."""


@dataclass(slots=True)
class Frame:
    """What stands for inputs: the states of one iterate, params, names of the claim."""

    values: Mapping[ir.Input, Callable[[tuple[int, ...]], Whole]]
    schedules: Mapping[ir.Input, Callable[[Value], Number]] = field(default_factory=dict)
    memo: dict[tuple[object, ...], Value] = field(default_factory=dict)
    wholes: dict[tuple[object, ...], Whole] = field(default_factory=dict)


@dataclass(slots=True)
class Reader(Answers):
    """Reads nodes.  `sizes` are lengths of axes by the names of their dims; `special` reads calls that claims make."""

    special: Callable[[ir.Call, Reader, Frame, Mapping[ir.Index, int], tuple[int, ...]], Whole | None] = nothing_special
    numbers: Mapping[str, Number] = field(default_factory=dict)  # what stands for a root
    roots: dict[str, Number] = field(default_factory=dict)
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
                return self._dimension(name)
            case ir.Index():
                if node not in at:
                    raise NotLinear("the place along a vector is used as a number")
                return self.open_place(node) if at[node] == OPEN else Fraction(at[node])
            case ir.Draw(law="index", parameters=(ir.Dim(name=dimension),)):
                return Place(self.drawn(node, dimension, frame, at), dimension)
            case ir.Draw(law="normal", position=ir.Index() as index) if index not in at:
                return self.normal(node, index, frame, at)
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

    def open_place(self, index: ir.Index) -> Place:
        assert isinstance(index.extent, ir.Dim)
        return Place(self.averages.member_key(index.extent.name), index.extent.name)

    def normal(self, node: ir.Draw, index: ir.Index, frame: Frame, at: Mapping[ir.Index, int]) -> Value:
        """A vector of independent normal numbers: standard ones times their deviation."""
        mean, deviation = (self.scalar(p, frame, at) for p in node.parameters)
        if not isinstance(deviation, Fraction | Ratio) or mean != 0:
            raise NotLinear("normal numbers whose law depends on vectors")
        count = self.scalar(index.extent, frame, at)
        assert isinstance(count, Fraction | Ratio)
        key = self.drawn(node, "", frame, at)
        self.averages.normals[key] = count
        return Entry(index, deviation * self.averages.error(key, key, frozenset()))

    def drawn(self, node: ir.Draw, dimension: str, frame: Frame, at: Mapping[ir.Index, int]) -> str:
        """The key of a draw: its place and the counters there.  A member is drawn with equal chances."""
        counters = [self.scalar(c, frame, at) for c in node.counters]
        if not all(isinstance(c, Fraction | Ratio) for c in counters):
            raise NotLinear("a draw of each member")
        if dimension in self.averages.tied:  # the only draw
            key = self.averages.tied[dimension]
        else:
            key = ";".join([node.place, *(shown(lowest(c)) for c in counters if isinstance(c, Fraction | Ratio))])
        self.averages.draws.add(key)
        self.averages.dimensions |= {dimension} - {""}
        return key

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
        if sampled(inside, index):
            return self.sum_of_samples(inside, index, size, frame, at)
        if size is None:
            if condition is not None:
                raise NotLinear("a sum over a part of a vector")
            if isinstance(index.extent, ir.Dim) and of_members(inside, index):
                return self.sum_of_members(inside, index, index.extent.name, frame, at)
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

    def sum_of_samples(
        self, inside: Scalar, index: ir.Index, size: int | None, frame: Frame, at: Mapping[ir.Index, int]
    ) -> Value:
        """So many times the mean of a sample, where each term is linear in one member."""
        if not isinstance(index.extent, ir.Dim):
            raise NotLinear("a sample whose size is computed")
        self.averages.batches[index.extent.name] = size == 1
        body = self.scalar(inside, frame, at if size is None else {**at, index: 0})
        if not isinstance(body, Entry | Quadratic) or (isinstance(body, Quadratic) and body.products):
            raise NotLinear("a sum over a sample of something that is not linear in its members")
        if isinstance(body, Entry) and body.pairs.products:
            raise NotLinear("a sum over a sample of something that is not linear in its members")
        return times(self._dimension(index.extent.name), body)

    def sum_of_members(
        self, inside: Scalar, index: ir.Index, dimension: str, frame: Frame, at: Mapping[ir.Index, int]
    ) -> Value:
        """So many times the mean over the members: one of them stands for all, products are mean products."""
        key = self.averages.member_key(dimension)
        others = (i.extent for i, place in at.items() if place == OPEN and i in inside.free)
        if any(isinstance(extent, ir.Dim) and extent.name == dimension for extent in others):
            raise NotLinear("a sum over pairs of members")
        body = self.scalar(inside, frame, {**at, index: OPEN})
        if isinstance(body, Root | Place):
            raise NotLinear("a mean of something that is no product of vectors")
        if isinstance(body, Entry):
            mean = self.averages.mean(body.form, key)
            if mean is None:
                raise NotLinear("the mean of vectors of which only mean products are known")
            body = Entry(body.index, mean, body.pairs)
        return times(self._dimension(dimension), body)

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
                if isinstance(index, ir.Index) and at.get(index) == OPEN:
                    places.append(OPEN)
                    continue
                if isinstance(tensor, ir.Input) and len(tensor.axes) == 1 and tensor in frame.schedules:
                    return frame.schedules[tensor](self.scalar(index, frame, at))
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
                sized = [self.size(index.extent, frame, at) is not None for index in indices]
                members = len(places) - sum(sized)  # axes of open length at a place that stands for all
                for index, known in zip(indices, sized, strict=True):
                    if known or members:
                        members -= not known
                        if not left:
                            raise NotLinear("a tensor all of whose entries are meant")
                        here[index] = left.pop(0)
                    else:
                        along = index
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
            name = f"{name[:-3]}[{self.member(node.arguments[1], frame, at)}]"
        is_value = not node.outputs[0][1]
        if is_value:
            return self.asked_value(name, x)
        self.operators.add(name)
        if name in self.averages.compressors:
            self.compressed_once(node, name, x, frame, at)
        return self.point(name, x).g

    def compressed_once(self, node: ir.Call, name: str, x: Form, frame: Frame, at: Mapping[ir.Index, int]) -> None:
        """Two calls of a compressor that draws have two answers, also at one point."""
        call = self.averages.calls.setdefault((name, form_key(x)), (node, id(frame.values)))
        alike = OPEN in at.values() and not any(k.startswith(MEMBER) for k in self.averages.keys(x))
        if call != (node, id(frame.values)) or alike:
            raise NotLinear(f"{name} asked twice at one point")

    def member(self, tensor: Tensor, frame: Frame, at: Mapping[ir.Index, int]) -> str:
        """A member's number from 1 on, or the key of the choice that gives it."""
        place = self.whole(tensor, frame, at, ())
        if isinstance(place, Place) and place.offset == 0:
            return place.key
        if not isinstance(place, Fraction):
            raise NotLinear("a member chosen by a number that is not known")
        return str(place + 1)

    def number(self, tensor: Tensor, frame: Frame, at: Mapping[ir.Index, int]) -> Number:
        found = self.whole(tensor, frame, at, ())
        if not isinstance(found, Fraction | Ratio):
            raise NotLinear("a vector where a number is needed")
        return found

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
