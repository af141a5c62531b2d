"""Scalar expressions as LLVM instructions: one rule an operation."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from optgen.ir import formulas
from optgen.ir import nodes as ir
from optgen.ir.nodes import Scalar

if TYPE_CHECKING:
    from optgen.backends.llvm.body import Body

MASK = 0xFFFFFFFF
SMALL_ANGLE = 2.0**20  # up to here sin and cos of math_functions are accurate


def literal(value: object, dtype: str, real: str) -> str:
    """A constant as LLVM text, rounded once to its type."""
    if dtype == "bool":
        return "true" if value else "false"
    if dtype in ("int", "u64"):
        number = int(value)  # type: ignore[call-overload]
        return str(number - (1 << 64) if number >= 1 << 63 else number)
    exact = float(value)  # type: ignore[arg-type]
    if real == "float" or dtype == "f32":
        exact = (
            rounded_to_single(value) if isinstance(value, Fraction) else struct.unpack("f", struct.pack("f", exact))[0]
        )
    return f"0x{struct.unpack('>Q', struct.pack('>d', exact))[0]:016X}"


def rounded_to_single(value: Fraction) -> float:
    """The nearest float32 of an exact number, rounded once."""
    import math

    if value == 0:
        return 0.0
    exponent = max(math.frexp(float(value))[1] - 24, -149)
    scaled = value / Fraction(2) ** exponent
    whole = scaled.numerator // scaled.denominator
    rest = scaled - whole
    if rest > Fraction(1, 2) or (rest == Fraction(1, 2) and whole % 2):
        whole += 1
    made = math.ldexp(whole, exponent)
    return made if abs(made) < 2.0**128 else math.copysign(math.inf, made)


# ---------------------------------------------------------------- rules: (body, argument values, node) -> value


def _float(instruction: str) -> Callable[..., str]:
    def rule(b: Body, v: list[str], node: ir.Operation) -> str:
        if node.dtype == "int":
            return b.value(f"{instruction} {b.integers} {', '.join(v)}")
        return b.value(f"f{instruction} contract {b.type(node.dtype)} {', '.join(v)}")

    return rule


def _divide(b: Body, v: list[str], node: ir.Operation) -> str:
    return b.value(f"fdiv {b.reals} {v[0]}, {v[1]}")


def _negate(b: Body, v: list[str], node: ir.Operation) -> str:
    if node.dtype == "int":
        return b.value(f"sub {b.integers} {b.whole(0)}, {v[0]}")
    return b.value(f"fneg {b.reals} {v[0]}")


def _compare(integer: str, real: str) -> Callable[..., str]:
    def rule(b: Body, v: list[str], node: ir.Operation) -> str:
        if node.arguments[0].dtype == "int":
            return b.value(f"icmp {integer} {b.integers} {v[0]}, {v[1]}")
        return b.value(f"fcmp {real} {b.reals} {v[0]}, {v[1]}")

    return rule


def _logic(instruction: str) -> Callable[..., str]:
    return lambda b, v, node: b.value(f"{instruction} {b.truths} {v[0]}, {v[1]}")


def _nonzero(b: Body, divisor: str) -> str:
    """An integer divisor that can't trap: the lane of a branch not chosen may hold 0."""
    zero = b.value(f"icmp eq i64 {divisor}, 0")
    return b.value(f"select i1 {zero}, i64 1, i64 {divisor}")


def _floordiv(b: Body, v: list[str], node: ir.Operation) -> str:
    d = _nonzero(b, v[1])
    quotient, rest = b.value(f"sdiv i64 {v[0]}, {d}"), b.value(f"srem i64 {v[0]}, {d}")
    adjust = _wrong_sign(b, rest, d)
    return b.value(f"sub i64 {quotient}, {b.value(f'zext i1 {adjust} to i64')}")


def _wrong_sign(b: Body, rest: str, divisor: str) -> str:
    mixed = b.value(f"xor i64 {rest}, {divisor}")
    opposite, some = b.value(f"icmp slt i64 {mixed}, 0"), b.value(f"icmp ne i64 {rest}, 0")
    return b.value(f"and i1 {opposite}, {some}")


def _mod(b: Body, v: list[str], node: ir.Operation) -> str:
    if node.dtype == "int":
        d = _nonzero(b, v[1])
        rest = b.value(f"srem i64 {v[0]}, {d}")
        moved = b.value(f"add i64 {rest}, {d}")
        return b.value(f"select i1 {_wrong_sign(b, rest, d)}, i64 {moved}, i64 {rest}")
    rest = b.value(f"frem {b.real} {v[0]}, {v[1]}")
    zero = b.literal(0.0)
    negative, other = b.value(f"fcmp olt {b.real} {rest}, {zero}"), b.value(f"fcmp olt {b.real} {v[1]}, {zero}")
    differ = b.value(f"xor i1 {negative}, {other}")
    some = b.value(f"fcmp one {b.real} {rest}, {zero}")
    both = b.value(f"and i1 {differ}, {some}")
    moved = b.value(f"fadd {b.real} {rest}, {v[1]}")
    kept = b.value(f"select i1 {both}, {b.real} {moved}, {b.real} {rest}")
    none = b.value(f"fcmp oeq {b.real} {rest}, {zero}")
    signed = b.intrinsic("llvm.copysign", [zero, v[1]])
    return b.value(f"select i1 {none}, {b.real} {signed}, {b.real} {kept}")


def _power_int(b: Body, v: list[str], node: ir.Operation) -> str:
    """By products: binary powers, the reciprocal for negative exponents."""
    exponent = node.arguments[1]
    if _small_power(node):
        assert isinstance(exponent, ir.Constant)
        left, base, result = abs(int(exponent.value)), v[0], ""
        while left:
            if left & 1:
                result = base if not result else b.value(f"fmul {b.reals} {result}, {base}")
            left >>= 1
            if left:
                base = b.value(f"fmul {b.reals} {base}, {base}")
        result = result or b.literal(1.0)
        return result if exponent.value >= 0 else b.value(f"fdiv {b.reals} {b.literal(1.0)}, {result}")
    b.needs("power_int" if b.real == "double" else "power_int_single")
    return b.value(f"call {b.real} @power_int({b.real} {v[0]}, i64 {v[1]})")


def _small_power(node: ir.Operation) -> bool:
    exponent = node.arguments[1]
    return isinstance(exponent, ir.Constant) and abs(int(exponent.value)) <= 64


def _intrinsic(name: str) -> Callable[..., str]:
    return lambda b, v, node: b.intrinsic(name, v)


def _libm(name: str) -> Callable[..., str]:
    """A function of the C library, unless a program is given."""

    def rule(b: Body, v: list[str], node: ir.Operation) -> str:
        given = b.implemented(node.name, v)
        return given if given is not None else b.function(name if b.real == "double" else name + "f", v)

    return rule


def _elementary(name: str) -> Callable[..., str]:
    """A function of math_functions, in the precision asked for, unless a program is given."""

    def rule(b: Body, v: list[str], node: ir.Operation) -> str:
        given = b.implemented(node.name, v)
        if given is not None:
            return given
        symbol = b.lanes.symbol(f"{name}.{b.real}")
        b.needs(symbol)
        return b.value(f"call {b.reals} @{symbol}({b.reals} {v[0]})")

    return rule


ARGUMENT = ir.access(ir.Input("argument", "real"))  # stands in a formula for what the function is of


def _formula(name: str) -> Callable[..., str]:
    """A special function by its formula, in vectors or numbers, unless a program is given."""

    def rule(b: Body, v: list[str], node: ir.Operation) -> str:
        given = b.implemented(node.name, v)
        return given if given is not None else scalar(b, formulas.inlined(name, ARGUMENT), {ARGUMENT: v[0]})

    return rule


def _wave(name: str) -> Callable[..., str]:
    """sin and cos: in vectors where the argument is surely small (the angle of a draw), else libm's."""
    quick, general = _elementary(name), _libm(name)

    def rule(b: Body, v: list[str], node: ir.Operation) -> str:
        return (quick if _small_angle(node) else general)(b, v, node)

    return rule


def _small_angle(node: ir.Operation) -> bool:
    return bound(node.arguments[0]) <= SMALL_ANGLE


def bound(node: Scalar) -> float:
    """What the size of a number surely does not exceed; inf if nothing is known."""
    match node:
        case ir.Constant(value=value):
            return abs(float(value))
        case ir.Operation(name="uniform_bits" | "high_word" | "low_word"):
            return 1.0
        case ir.Operation(name="mul", arguments=(a, b)):
            return bound(a) * bound(b) if bound(a) and bound(b) else 0.0
        case ir.Operation(name="neg", arguments=(a,)):
            return bound(a)
    return float("inf")


def _routine(name: str) -> Callable[..., str]:
    """A function of routines.py in double; single precision goes through it and is rounded once more."""

    def rule(b: Body, v: list[str], node: ir.Operation) -> str:
        b.needs(name)
        if b.real == "double":
            return b.value(f"call double @{name}({', '.join(f'double {x}' for x in v)})")
        wide = [b.value(f"fpext float {x} to double") for x in v]
        made = b.value(f"call double @{name}({', '.join(f'double {x}' for x in wide)})")
        return b.value(f"fptrunc double {made} to float")

    return rule


def _abs(b: Body, v: list[str], node: ir.Operation) -> str:
    return b.of_integers("llvm.abs", v, ("false",)) if node.dtype == "int" else b.intrinsic("llvm.fabs", v)


def _sign(b: Body, v: list[str], node: ir.Operation) -> str:
    if node.dtype == "int":
        up, down = (b.value(f"icmp {word} {b.integers} {v[0]}, {b.whole(0)}") for word in ("sgt", "slt"))
        return b.value(f"sub {b.integers} {_widened(b, up)}, {_widened(b, down)}")
    unit = b.intrinsic("llvm.copysign", [b.literal(1.0), v[0]])
    some = b.value(f"fcmp one {b.reals} {v[0]}, {b.literal(0.0)}")
    kept = b.pick(some, "real", unit, b.literal(0.0))
    number = b.value(f"fcmp ord {b.reals} {v[0]}, {v[0]}")
    return b.pick(number, "real", kept, v[0])


def _widened(b: Body, truth: str) -> str:
    return b.value(f"zext {b.truths} {truth} to {b.integers}")


def _to_int(intrinsic: str) -> Callable[..., str]:
    def rule(b: Body, v: list[str], node: ir.Operation) -> str:
        whole = b.intrinsic(intrinsic, v)
        name = f"llvm.fptosi.sat.{b.lanes.overload('i64')}.{b.lanes.overload(b.real)}"
        return b.value(f"call {b.integers} @{name}({b.reals} {whole})", f"declare {b.integers} @{name}({b.reals})")

    return rule


def _best(integer: str, real: str) -> Callable[..., str]:
    def rule(b: Body, v: list[str], node: ir.Operation) -> str:
        return b.of_integers(f"llvm.{integer}", v) if node.dtype == "int" else b.intrinsic(real, v)

    return rule


def _finite(b: Body, v: list[str], node: ir.Operation) -> str:
    size = b.intrinsic("llvm.fabs", v)
    return b.value(f"fcmp olt {b.reals} {size}, {b.literal(float('inf'))}")


def _threefry(b: Body, v: list[str], node: ir.Operation) -> str:
    symbol = b.lanes.symbol("threefry")
    b.needs(symbol)
    return b.value(f"call {b.integers} @{symbol}({b.integers} {v[0]}, {b.integers} {v[1]})")


def _scaled_bits(shift: int, keep: int, half: bool) -> Callable[..., str]:
    def rule(b: Body, v: list[str], node: ir.Operation) -> str:
        drop, digits = (shift, keep) if b.real == "double" or half or shift != 11 else (40, 24)
        move = f"lshr {b.integers} {v[0]}, {b.whole(drop)}" if drop else f"and {b.integers} {v[0]}, {b.whole(MASK)}"
        double = b.type("f64")
        number = b.value(f"uitofp {b.integers} {b.value(move)} to {double}")
        if half:
            number = b.value(f"fadd {double} {number}, {b.literal(0.5, 'f64')}")
        made = b.value(f"fmul {double} {number}, {b.literal(2.0**-digits, 'f64')}")
        return made if b.real == "double" else b.value(f"fptrunc {double} {made} to {b.reals}")

    return rule


def _index_bits(b: Body, v: list[str], node: ir.Operation) -> str:
    high = b.value(f"lshr {b.integers} {v[0]}, {b.whole(32)}")
    product = b.value(f"mul {b.integers} {high}, {v[1]}")
    return b.value(f"lshr {b.integers} {product}, {b.whole(32)}")


ELEMENTARY = ("exp", "expm1", "log", "log1p", "tanh", "erf")
IN_LIBM = ("power", "tan", "arccos", "arctan2", "sinh", "cosh", "lgamma")
PROGRAMMED = {
    *ELEMENTARY,
    *IN_LIBM,
    *formulas.FORMULAS,
    "sin",
    "cos",
}  # operations that a straight-line program may be given for
PLAIN_IN_C = {*ELEMENTARY, "sin", "cos"}  # functions of our own that the C library has under the same names
LONG = {*PROGRAMMED, "threefry"}  # operations of many instructions
ONE_AT_A_TIME = {  # calls, and divisions of integers
    *("floordiv", "mod", "digamma", *IN_LIBM),
}
CONDITIONS = {"power_int": _small_power, "sin": _small_angle, "cos": _small_angle}


def works_on_vectors(node: ir.Operation) -> bool:
    """Whether the rule of an operation works lane by lane."""
    condition = CONDITIONS.get(node.name)
    return node.name not in ONE_AT_A_TIME and (condition is None or condition(node))


RULES: dict[str, Callable[..., str]] = {
    "add": _float("add"),
    "sub": _float("sub"),
    "mul": _float("mul"),
    "div": _divide,
    "neg": _negate,
    "floordiv": _floordiv,
    "mod": _mod,
    "power": _libm("pow"),
    "power_int": _power_int,
    "sqrt": _intrinsic("llvm.sqrt"),
    **{name: _elementary(name) for name in ELEMENTARY},
    "sin": _wave("sin"),
    "cos": _wave("cos"),
    "tan": _libm("tan"),
    "arccos": _libm("acos"),
    "arctan2": _libm("atan2"),
    "sinh": _libm("sinh"),
    "cosh": _libm("cosh"),
    "lgamma": _libm("lgamma"),
    **{name: _formula(name) for name in formulas.FORMULAS},
    "digamma": _routine("digamma_"),
    "abs": _abs,
    "sign": _sign,
    "floor": _to_int("llvm.floor"),
    "ceil": _to_int("llvm.ceil"),
    "round": _to_int("llvm.roundeven"),
    "floor_real": _intrinsic("llvm.floor"),
    "minimum": _best("smin", "llvm.minimum"),
    "maximum": _best("smax", "llvm.maximum"),
    "eq": _compare("eq", "oeq"),
    "ne": _compare("ne", "une"),
    "lt": _compare("slt", "olt"),
    "le": _compare("sle", "ole"),
    "gt": _compare("sgt", "ogt"),
    "ge": _compare("sge", "oge"),
    "and": _logic("and"),
    "or": _logic("or"),
    "not": lambda b, v, n: b.value(f"xor {b.truths} {v[0]}, {b.literal(True, 'bool')}"),
    "is_finite": _finite,
    "to_real": lambda b, v, n: b.value(f"sitofp {b.integers} {v[0]} to {b.reals}"),
    "bool_to_int": lambda b, v, n: _widened(b, v[0]),
    "stop_gradient": lambda b, v, n: v[0],
    "int_to_bits": lambda b, v, n: v[0],
    "threefry": _threefry,
    "uniform_bits": _scaled_bits(11, 53, False),
    "high_word": _scaled_bits(32, 32, True),
    "low_word": _scaled_bits(0, 32, False),
    "index_bits": _index_bits,
}


def scalar(body: Body, root: Scalar, given: Mapping[Scalar, str] | None = None) -> str:
    """The register or constant that holds a scalar; parts of it may be given."""
    done: dict[Scalar, str] = dict(given or {})
    stack: list[tuple[Scalar, bool]] = [(root, False)]
    while stack:
        node, ready = stack.pop()
        if node in done:
            continue
        known = body.known(node)
        if known is not None:
            done[node] = known
            continue
        parts = parts_of(node)
        if not ready and parts:
            stack.append((node, True))
            stack.extend((part, False) for part in parts if part not in done)
            continue
        done[node] = _made(body, node, [done[part] for part in parts])
    return done[root]


def parts_of(node: Scalar) -> tuple[Scalar, ...]:
    """What the instruction of a scalar takes."""
    match node:
        case ir.Operation():
            return node.arguments
        case ir.Access():
            return node.indices
        case ir.Choose():
            return (node.condition, node.then, node.otherwise)
    return ()


def _made(body: Body, node: Scalar, parts: list[str]) -> str:
    match node:
        case ir.Constant(value=value, dtype=dtype):
            return body.literal(value, dtype)
        case ir.Operation(name=name) if name in RULES:
            return RULES[name](body, parts, node)
        case ir.Choose(dtype=dtype):
            return body.pick(parts[0], dtype, parts[1], parts[2])
        case ir.Access(tensor=tensor):
            return body.load(tensor, parts)  # type: ignore[arg-type]
    raise ir.IRError(f"{type(node).__name__} {getattr(node, 'name', '')} is not known where it is read")
