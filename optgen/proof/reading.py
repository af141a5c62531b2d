"""Scalars of the IR as terms: what a claim says, entry by entry, over the program's inputs.

Definitions are read through, so that two sides meet in the states, data and params.  Derivatives are taken here, on
terms; an abstract function keeps `grad f` and `hess f` at its points.  What has no term (a loop of unknown length, a
place that is computed) is refused, and the claim stays open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from optgen.ir import nodes as ir
from optgen.proof.contractions import text
from optgen.proof.slopes import Unreadable, derivative, plus, replaced, summed, times
from optgen.proof.terms import Reader, Term, renamed

Environment = Mapping[ir.Index, str]
PARITY = {"erf": -1, "sin": -1, "tan": -1, "sinh": -1, "tanh": -1, "sign": -1, "cos": 1, "cosh": 1, "abs": 1}
INVERSE = {"exp": "log", "log": "exp"}
SMALL = 12  # reductions over so many entries are written out


@dataclass(slots=True)
class Reading:
    """Names given so far.  `solutions` are the results of `solve`: name -> (matrix entry, right side entry)."""

    names: dict[ir.Input, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    formal: dict[ir.Input, str] = field(default_factory=dict)
    solutions: dict[str, tuple[str, str, Term]] = field(default_factory=dict)
    systems: dict[str, str] = field(default_factory=dict)  # matrix and right side -> name of the solution
    equations: dict[str, tuple[str, Term, Term]] = field(default_factory=dict)  # name -> (label, A z, b)
    normal: set[str] = field(default_factory=set)  # draws from the standard normal law
    extents: dict[str, str] = field(default_factory=dict)  # label -> extent
    axes: dict[str, tuple[str, ...]] = field(default_factory=dict)  # atom -> extents
    fresh: int = 0

    def label(self, index: ir.Index) -> str:
        self.fresh += 1
        made = f"{index.name}{self.fresh}"
        self.extents[made] = self.extent(index.extent)
        return made

    def name(self, made: ir.Input) -> str:
        if made not in self.names:
            name, k = made.name, 1
            while name in self.taken:
                k += 1
                name = f"{made.name}#{k}"
            self.taken.add(name)
            self.names[made] = name
            self.axes[name] = tuple(self.extent(axis) for axis in made.axes)
        return self.names[made]

    def extent(self, scalar: ir.Scalar) -> str:
        match scalar:
            case ir.Constant(value=value):
                return str(value)
            case ir.Dim(name=name):
                return name
            case ir.Operation(name=name, arguments=arguments):
                return f"({name} {' '.join(self.extent(a) for a in arguments)})"
            case ir.Access(tensor=ir.Input(name=name), indices=()):
                return name
        raise Unreadable("the length of an axis is computed")

    # ------------------------------------------------------------ scalars

    def scalar(self, node: ir.Scalar, env: Environment) -> Term:
        """The term of a scalar whose free indices have labels in `env`."""
        done: dict[Any, Term] = {}
        return self._read(node, dict(env), done)

    def entry(self, tensor: ir.Tensor, places: list[str]) -> Term:
        """The term of a tensor's entry; it depends on no index of its surroundings."""
        return self._access(tensor, places, {}, {})

    def _read(self, node: ir.Scalar, env: dict[ir.Index, str], done: dict[Any, Term]) -> Term:
        key = (node, tuple(sorted((i.name, id(i), env[i]) for i in node.free)))
        if key not in done:
            done[key] = self._one(node, env, done)
        return done[key]

    def _one(self, node: ir.Scalar, env: dict[ir.Index, str], done: dict[Any, Term]) -> Term:
        def read(part: ir.Scalar) -> Term:
            return self._read(part, env, done)

        match node:
            case ir.Constant(value=bool(value)):
                return ["true"] if value else ["false"]
            case ir.Constant(value=value):
                if isinstance(value, float):
                    raise Unreadable("a number that is not finite")
                return str(Fraction(value))
            case ir.Dim(name=name):
                return ["atom", name]
            case ir.Index():
                label = env[node]
                return str(int(label[1:]) - 1) if label.startswith("=") else ["+", ["atom", "#", label], "-1"]
            case ir.Operation():
                return self._operation(node, env, read)
            case ir.Access():
                return self._access(node.tensor, [self._place(p, env) for p in node.indices], env, done)
            case ir.Choose(condition=condition, then=then, otherwise=otherwise):
                root = _root(node)
                if root is not None:
                    return ["sqrt", read(root)]
                match condition:
                    case ir.Operation(name=("eq" | "lt" | "gt") as word, arguments=(ir.Index() as i, ir.Index() as j)):
                        places = (env[j], env[i]) if word == "gt" else (env[i], env[j])
                        marked = ["same" if word == "eq" else "before", *places]
                        rest = ["*", ["+", "1", ["*", "-1", marked]], read(otherwise)]
                        return ["+", ["*", marked, read(then)], rest]
                return ["if", read(condition), read(then), read(otherwise)]
            case ir.Reduce():
                return self._reduce(node, env, done)
            case ir.Draw(place=place, position=position):
                labels = sorted(env[i] for i in position.free)
                return self._draw(node, ["atom", f"{place}~", *labels], read)
        raise Unreadable(f"{type(node).__name__}")

    def _draw(self, node: ir.Draw, entry: Term, read: Callable[[ir.Scalar], Term]) -> Term:
        """A normal draw by a standard one; others are numbers that nothing is known of."""
        if node.law != "normal":
            return entry
        self.normal.add(entry[1])
        mean, deviation = (read(part) for part in node.parameters)
        return ["+", mean, ["*", deviation, entry]]

    def _place(self, node: ir.Scalar, env: Environment) -> str:
        match node:
            case ir.Index():
                return env[node]
            case ir.Constant(value=value):
                return f"={int(value) + 1}"
        if node.free:
            raise Unreadable("an entry at a computed place")
        return f"?{text(Reader().normal(self.scalar(node, {})))}"  # one place, whatever it is

    def _operation(self, node: ir.Operation, env: Environment, read: Callable[[ir.Scalar], Term]) -> Term:
        match node.name, node.arguments:
            case "add", (a, b):
                return ["+", read(a), read(b)]
            case "sub", (a, b):
                return ["+", read(a), ["*", "-1", read(b)]]
            case "mul", (a, b):
                return ["*", read(a), read(b)]
            case "div", (a, b):
                return ["/", read(a), read(b)]
            case "neg", (a,):
                return ["*", "-1", read(a)]
            case (("to_real" | "stop_gradient"), (a,)):
                return read(a)
            case "bool_to_int", (ir.Operation(name="eq", arguments=(ir.Index() as i, ir.Index() as j)),):
                return ["same", env[i], env[j]]
            case "bool_to_int", (a,):
                return ["if", read(a), "1", "0"]
            case "power_int", (a, k):
                return self._power(read(a), read(k))
            case "power", (a, ir.Constant(value=Fraction(denominator=1) as k)):
                return ["^", read(a), int(k)]
            case "power", (a, ir.Constant(value=Fraction(numerator=1, denominator=2))):
                return ["sqrt", read(a)]
            case (("exp" | "log"), (a,)):
                inner = read(a)  # a logarithm that is raised again is what it was of, wherever it exists
                return inner[1] if inner[0] == INVERSE[node.name] else [node.name, inner]
        if node.name in PARITY:
            turned = without_sign(inner := read(node.arguments[0]))
            value = [node.name, inner if turned is None else turned]
            return value if turned is None or PARITY[node.name] == 1 else ["*", "-1", value]
        return [_WORDS.get(node.name, node.name), *(read(a) for a in node.arguments)]

    def _power(self, base: Term, exponent: Term) -> Term:
        """x^(k + n) is x^k x^n."""
        if isinstance(exponent, str):
            return ["^", base, int(Fraction(exponent))]
        match exponent:
            case ["+", other, str(n)] | ["+", str(n), other]:
                return ["*", ["power", base, other], ["^", base, int(Fraction(n))]]
        return ["power", base, exponent]

    # ------------------------------------------------------------ tensors

    def _access(self, tensor: ir.Tensor, places: list[str], env: dict[ir.Index, str], done: dict[Any, Term]) -> Term:
        match tensor:
            case ir.Input():
                name = self.formal.get(tensor) or self.name(tensor)
                return ["atom", name, *places]
            case ir.Array(indices=indices, body=body):
                return self._read(body, {**env, **dict(zip(indices, places, strict=True))}, done)
            case ir.Output(source=ir.Call() as call, position=position):
                return self._call(call, position, places, env, done)
            case ir.Output(source=ir.Derivative() as derivative_, position=position):
                return self._derivative(derivative_, position, places, env, done)
            case ir.Concat(parts=parts):
                return self._piece(parts, places, env, done)
            case ir.View(tensor=whole, offset=ir.Constant(value=offset), axes=axes) if (
                all(p.startswith("=") for p in places) and len(whole.axes) == 1
            ):
                row = 0
                for place, axis in zip(places, axes, strict=True):
                    row = row * _size(axis) + int(place[1:]) - 1
                return self._access(whole, [f"={int(offset) + row + 1}"], env, done)
        raise Unreadable(f"{type(getattr(tensor, 'source', tensor)).__name__.lower()} values have no term")

    def _piece(
        self, parts: Sequence[ir.Tensor], places: list[str], env: dict[ir.Index, str], done: dict[Any, Term]
    ) -> Term:
        if not places[0].startswith("="):
            return self._any_piece(parts, places[0], env, done)
        place = int(places[0][1:]) - 1
        for part in parts:
            sizes = [_size(axis) for axis in part.axes]
            count = 1
            for size in sizes:
                count *= size
            if place < count:
                spots: list[str] = []
                for size in reversed(sizes):
                    spots.insert(0, f"={place % size + 1}")
                    place //= size
                return self._access(part, spots, env, done)
            place -= count
        raise Unreadable("a place outside")

    def _any_piece(
        self, parts: Sequence[ir.Tensor], label: str, env: dict[ir.Index, str], done: dict[Any, Term]
    ) -> Term:
        """An open entry of joined numbers: each where the label is its place."""
        if len(parts) > SMALL or any(axis for part in parts for axis in part.axes if _size(axis) != 1):
            raise Unreadable("an entry of joined arrays at an open place")
        places = [f"={k + 1}" for k in range(len(parts))]
        return plus(*(times(["same", label, p], self._piece(parts, [p], env, done)) for p in places))

    def tensor(self, tensor: ir.Tensor, env: dict[ir.Index, str], done: dict[Any, Term]) -> tuple[list[str], Term]:
        """Labels and entry of a tensor."""
        labels = [self.label(ir.Index(axis, "a")) for axis in tensor.axes]
        return labels, self._access(tensor, labels, env, done)

    def _call(
        self, call: ir.Call, position: int, places: list[str], env: dict[ir.Index, str], done: dict[Any, Term]
    ) -> Term:
        word = call.function.removeprefix("oracle ")
        attributes = dict(call.attributes)
        if attributes.get("batch"):
            raise Unreadable(f"a batch of {word}")
        if word == "expectation":
            return ["expect", self._access(call.arguments[0], places, env, done)]
        points = [list(self.tensor(a, env, done)) for a in call.arguments]
        if word in ("solve", "solve_spd", "solve_lower"):
            return ["atom", self._solution(call.arguments[0], points, env), *places]
        special = attributes.get("function") or attributes.get("state")  # argmin f, fix(x), an iterate
        shown = " ".join([word, *([str(special)] if special else []), *([str(position)] if position else [])])
        return ["at", shown, *points, places] if points else ["atom", shown, *places]

    def _solution(self, matrix: ir.Tensor, points: list[Any], env: Mapping[ir.Index, str]) -> str:
        """The name of the z with A z = b: a rule where A is an input, else b is written as A z."""
        (own, entry), ((place,), right) = points
        if isinstance(matrix, ir.Input):
            for name, (other, free, value) in self.solutions.items():
                if other == self.name(matrix) and renamed(value, {free: place}) == right:
                    return name
            made = f"solve#{len(self.solutions) + 1}"
            self.solutions[made] = (self.name(matrix), place, right)
            return made
        written = [renamed(entry, {own[0]: "@0", own[1]: "@1"}), renamed(right, {place: "@0"})]
        key = "; ".join(text(Reader().normal(part)) for part in written)
        if key not in self.systems:
            made = f"system#{len(self.systems) + 1}"
            self.systems[key] = made
            row, column = own
            product = ["sum", column, self.extents[column], ["*", entry, ["atom", made, column]]]
            self.equations[made] = (place, renamed(product, {row: place}), right)
        return self.systems[key]

    def _derivative(
        self, node: ir.Derivative, position: int, places: list[str], env: dict[ir.Index, str], done: dict[Any, Term]
    ) -> Term:
        stands = {}
        for parameter in node.function.parameters:
            self.fresh += 1
            stands[parameter] = f"{parameter.name}@{self.fresh}"
        self.formal.update(stands)
        at = {stands[p]: self.tensor(a, env, done) for p, a in zip(node.function.parameters, node.at, strict=True)}
        parts: list[Term] = []
        if node.kind == "vjp":
            parameter = node.function.parameters[position]
            for result, seed in zip(node.function.results, node.seeds, strict=True):
                labels = [self.label(ir.Index(axis, "o")) for axis in result.axes]
                entry = self._access(result, labels, env, {})
                weight = self._access(seed, labels, env, done)
                slope = derivative(entry, stands[parameter], places, self)
                parts.append(self._summed(times(weight, replaced(slope, at)), labels))
        else:
            result = node.function.results[position]
            entry = self._access(result, places, env, {})
            for parameter, seed in zip(node.function.parameters, node.seeds, strict=True):
                labels = [self.label(ir.Index(axis, "o")) for axis in parameter.axes]
                slope = derivative(entry, stands[parameter], labels, self)
                along = self._access(seed, labels, env, done)
                parts.append(self._summed(times(along, replaced(slope, at)), labels))
        for parameter in stands:
            del self.formal[parameter]
        return plus(*parts)

    def _summed(self, body: Term, labels: Sequence[str]) -> Term:
        return summed(self, body, list(labels))

    # ------------------------------------------------------------ reductions

    def _reduce(self, node: ir.Reduce, env: dict[ir.Index, str], done: dict[Any, Term]) -> Term:
        sizes = [index.extent.value if isinstance(index.extent, ir.Constant) else None for index in node.indices]
        product = 1
        for size in sizes:
            product = product * int(size) if size is not None and product else 0
        if 0 < product <= SMALL and node.kind in ("sum", "prod", "max", "min", "all", "any"):
            return self._written_out(node, [int(s) for s in sizes if s is not None], env, done)
        labels = [self.label(index) for index in node.indices]
        inner = {**env, **dict(zip(node.indices, labels, strict=True))}
        body = self._read(node.body, inner, done)
        condition = None if node.condition is None else self._read(node.condition, inner, done)
        if node.kind == "sum":
            return self._summed(body if condition is None else ["if", condition, body, "0"], labels)
        if condition is not None:
            body = ["if", condition, body, "0"]
        return ["at", node.kind, [labels, body], []]

    def _written_out(self, node: ir.Reduce, sizes: list[int], env: dict[ir.Index, str], done: dict[Any, Term]) -> Term:
        places: list[dict[ir.Index, str]] = [{}]
        for index, size in zip(node.indices, sizes, strict=True):
            places = [{**place, index: f"={k + 1}"} for place in places for k in range(size)]
        parts = []
        for place in places:
            inner = {**env, **place}
            body = self._read(node.body, inner, done)
            if node.condition is not None:
                if node.kind not in ("sum", "prod"):
                    raise Unreadable(f"{node.kind} under a condition")
                body = ["if", self._read(node.condition, inner, done), body, "0" if node.kind == "sum" else "1"]
            parts.append(body)
        return [{"sum": "+", "prod": "*", "all": "and", "any": "or"}.get(node.kind, node.kind), *parts]


_WORDS = {"maximum": "max", "minimum": "min", "eq": "=", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


def without_sign(term: Term) -> Term | None:
    """-t as t, for what is written so."""
    match term:
        case ["*", "-1", inner]:
            return inner
        case ["/", above, below]:
            found = without_sign(above)
            return None if found is None else ["/", found, below]
    return None


def _size(axis: ir.Scalar) -> int:
    if isinstance(axis, ir.Constant):
        return int(axis.value)
    raise Unreadable("joined arrays of open length")


def _root(node: ir.Choose) -> ir.Scalar | None:
    """`sqrt` with derivative 0 at 0 is written as a choice; as a number it is sqrt."""
    match node:
        case ir.Choose(
            condition=ir.Operation(name="eq", arguments=(a, ir.Constant(value=0))),
            then=ir.Constant(value=0),
            otherwise=ir.Operation(name="sqrt", arguments=(b,)),
        ) if a is b:
            return a
    return None


def eliminated(reading: Reading) -> dict[str, tuple[tuple[str, ...], Term]]:
    """Systems A z = b with a computed A: an input vector that stands alone in b, written by the rest."""
    values: dict[str, tuple[tuple[str, ...], Term]] = {}
    for label, product, right in reading.equations.values():
        for name, sign in _alone(right, label, 1):
            once = str(right).count(f"['atom', '{name}'") == 1
            if once and name not in values:
                others = replaced(right, {name: ([label], "0")})
                values[name] = ((label,), ["*", str(sign), ["+", product, ["*", "-1", others]]])
                break
    return values


def _alone(term: Term, label: str, sign: int) -> list[tuple[str, int]]:
    match term:
        case ["atom", name, place] if place == label:
            return [(name, sign)]
        case ["+", *parts]:
            return [found for part in parts for found in _alone(part, label, sign)]
        case ["*", "-1", inner]:
            return _alone(inner, label, -sign)
    return []
