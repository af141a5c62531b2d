"""The table of elementwise operations: one declaration an operation.

A declaration gives the types it takes and gives, its meaning in NumPy (also printed by the numpy and jax backends),
its partial derivatives as IR, and what it is.  Adding an operation is adding an entry here and a rule in the
backends that print scalar code; a test walks operations x backends x derivatives.  What only kernels compute is
declared in `special`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from optgen.ir import nodes as ir
from optgen.ir.nodes import Dtype, Scalar

Partials = Callable[..., tuple[Scalar | None, ...]]


@dataclass(frozen=True, slots=True)
class Operation:
    """`takes` and `gives` are dtypes; "number" is int or real and all numbers of a call agree, "same" is that dtype.

    `numpy` is a format string over `{np}` (numpy or jax.numpy) and the arguments `{0}`, `{1}`.  `partials` gets the
    argument nodes and gives one derivative an argument, None where it is zero everywhere it exists.  `infix` is the
    operator the printers use, with its binding strength.  `safe` says of an operation that has not everywhere a finite
    value and derivative which argument that depends on, and a value of it where both are finite.
    """

    name: str
    takes: tuple[str, ...]
    gives: str
    numpy: str
    partials: Partials | None
    doc: str
    infix: tuple[str, int] | None = None
    safe: tuple[int, int] | None = None


def _c(value: int | Fraction) -> Scalar:
    return ir.constant(Fraction(value), "real")


def _sign(x: Scalar) -> Scalar:
    return apply("sign", x)


def _neg(x: Scalar) -> Scalar:
    return apply("neg", x)


def _sq(x: Scalar) -> Scalar:
    return apply("mul", x, x)


def _recip(x: Scalar) -> Scalar:
    return apply("div", _c(1), x)


def _one_minus_sq(x: Scalar) -> Scalar:
    return apply("sub", _c(1), _sq(x))


def _where_larger(a: Scalar, b: Scalar) -> tuple[Scalar, Scalar]:
    first = apply("ge", a, b)
    return ir.choose(first, _c(1), _c(0)), ir.choose(first, _c(0), _c(1))


def _where_smaller(a: Scalar, b: Scalar) -> tuple[Scalar, Scalar]:
    first = apply("le", a, b)
    return ir.choose(first, _c(1), _c(0)), ir.choose(first, _c(0), _c(1))


def _power_int_partial(x: Scalar, k: Scalar) -> tuple[Scalar | None, ...]:
    lower = apply("power_int", x, apply("sub", k, ir.constant(1)))
    return ir.choose(apply("eq", k, ir.constant(0)), _c(0), apply("mul", apply("to_real", k), lower)), None


def _power_partial(x: Scalar, y: Scalar) -> tuple[Scalar | None, ...]:
    lower = apply("power", x, apply("sub", y, _c(1)))
    return apply("mul", y, lower), apply("mul", apply("power", x, y), apply("log", x))


R1, R2, N1, N2 = ("real",), ("real", "real"), ("number",), ("number", "number")

_declarations = (
    Operation("add", N2, "same", "{0} + {1}", lambda a, b: (_c(1), _c(1)), "sum", ("+", 8)),
    Operation("sub", N2, "same", "{0} - {1}", lambda a, b: (_c(1), _c(-1)), "difference", ("-", 8)),
    Operation("mul", N2, "same", "{0} * {1}", lambda a, b: (b, a), "product", ("*", 9)),
    Operation(
        "div",
        R2,
        "real",
        "{0} / {1}",
        lambda a, b: (_recip(b), _neg(apply("div", apply("div", a, b), b))),
        "quotient; x/0 is inf or nan",
        ("/", 9),
        safe=(1, 1),
    ),
    Operation("neg", N1, "same", "-{0}", lambda a: (_c(-1),), "negative"),
    Operation("floordiv", ("int", "int"), "int", "{0} // {1}", None, "integer quotient rounded down", ("//", 9)),
    Operation(
        "mod",
        N2,
        "same",
        "{np}.mod({0}, {1})",
        lambda a, b: (_c(1), _neg(apply("floor_real", apply("div", a, b)))),
        "remainder with the sign of the divisor",
    ),
    Operation(
        "power",
        R2,
        "real",
        "{0} ** {1}",
        _power_partial,
        "real power; needs x > 0 unless y is an integer",
        ("**", 11),
        safe=(0, 1),
    ),
    Operation(
        "power_int",
        ("real", "int"),
        "real",
        "{np}.power({0}, {np}.{real}({1}))",
        _power_int_partial,
        "integer power; small constant exponents by products",
        safe=(0, 1),
    ),
    Operation(
        "sqrt",
        R1,
        "real",
        "{np}.sqrt({0})",
        lambda x: (apply("div", _c(Fraction(1, 2)), apply("sqrt", x)),),
        "square root",
        safe=(0, 1),
    ),
    Operation("exp", R1, "real", "{np}.exp({0})", lambda x: (apply("exp", x),), "e to the x", safe=(0, 0)),
    Operation(
        "expm1", R1, "real", "{np}.expm1({0})", lambda x: (apply("exp", x),), "exp(x) - 1, exact near 0", safe=(0, 0)
    ),
    Operation("log", R1, "real", "{np}.log({0})", lambda x: (_recip(x),), "natural logarithm", safe=(0, 1)),
    Operation(
        "log1p",
        R1,
        "real",
        "{np}.log1p({0})",
        lambda x: (_recip(apply("add", _c(1), x)),),
        "log(1 + x), exact near 0",
        safe=(0, 0),
    ),
    Operation("abs", N1, "same", "{np}.abs({0})", lambda x: (_sign(x),), "absolute value; derivative 0 at 0"),
    Operation("sign", N1, "same", "{np}.sign({0})", lambda x: (None,), "-1, 0 or 1"),
    Operation("sin", R1, "real", "{np}.sin({0})", lambda x: (apply("cos", x),), "sine"),
    Operation("cos", R1, "real", "{np}.cos({0})", lambda x: (_neg(apply("sin", x)),), "cosine"),
    Operation(
        "tan",
        R1,
        "real",
        "{np}.tan({0})",
        lambda x: (apply("add", _c(1), _sq(apply("tan", x))),),
        "tangent",
        safe=(0, 0),
    ),
    Operation(
        "arccos",
        R1,
        "real",
        "{np}.arccos({0})",
        lambda x: (_neg(_recip(apply("sqrt", _one_minus_sq(x)))),),
        "inverse cosine",
        safe=(0, 0),
    ),
    Operation(
        "arctan2",
        R2,
        "real",
        "{np}.arctan2({0}, {1})",
        lambda y, x: (
            apply("div", x, apply("add", _sq(x), _sq(y))),
            _neg(apply("div", y, apply("add", _sq(x), _sq(y)))),
        ),
        "angle of the point (x, y); first argument is y",
        safe=(1, 1),
    ),
    Operation("sinh", R1, "real", "{np}.sinh({0})", lambda x: (apply("cosh", x),), "hyperbolic sine", safe=(0, 0)),
    Operation("cosh", R1, "real", "{np}.cosh({0})", lambda x: (apply("sinh", x),), "hyperbolic cosine", safe=(0, 0)),
    Operation("tanh", R1, "real", "{np}.tanh({0})", lambda x: (_one_minus_sq(apply("tanh", x)),), "hyperbolic tangent"),
    Operation(
        "erf",
        R1,
        "real",
        "{special}.erf({0})",
        lambda x: (apply("mul", ir.constant(TWO_OVER_SQRT_PI, "real"), apply("exp", _neg(_sq(x)))),),
        "error function",
    ),
    Operation(
        "lgamma", R1, "real", "{special}.gammaln({0})", lambda x: (apply("digamma", x),), "log of |Gamma|", safe=(0, 1)
    ),
    Operation("digamma", R1, "real", "{special}.digamma({0})", None, "derivative of lgamma", safe=(0, 1)),
    Operation("floor", ("real",), "int", "{np}.int64({np}.floor({0}))", lambda x: (None,), "greatest integer <= x"),
    Operation("ceil", ("real",), "int", "{np}.int64({np}.ceil({0}))", lambda x: (None,), "least integer >= x"),
    Operation(
        "round", ("real",), "int", "{np}.int64({np}.round({0}))", lambda x: (None,), "nearest integer, ties to even"
    ),
    Operation("floor_real", R1, "real", "{np}.floor({0})", lambda x: (None,), "greatest integer <= x, as a real"),
    Operation("minimum", N2, "same", "{np}.minimum({0}, {1})", _where_smaller, "the smaller; NaN if either is"),
    Operation("maximum", N2, "same", "{np}.maximum({0}, {1})", _where_larger, "the larger; NaN if either is"),
    Operation("eq", N2, "bool", "{0} == {1}", None, "equal", ("==", 3)),
    Operation("ne", N2, "bool", "{0} != {1}", None, "not equal", ("!=", 3)),
    Operation("lt", N2, "bool", "{0} < {1}", None, "less", ("<", 3)),
    Operation("le", N2, "bool", "{0} <= {1}", None, "less or equal", ("<=", 3)),
    Operation("gt", N2, "bool", "{0} > {1}", None, "greater", (">", 3)),
    Operation("ge", N2, "bool", "{0} >= {1}", None, "greater or equal", (">=", 3)),
    Operation("and", ("bool", "bool"), "bool", "{0} & {1}", None, "both", ("&", 5)),
    Operation("or", ("bool", "bool"), "bool", "{0} | {1}", None, "either", ("|", 4)),
    Operation("not", ("bool",), "bool", "{np}.logical_not({0})", None, "negation of a Bool"),
    Operation("is_finite", R1, "bool", "{np}.isfinite({0})", None, "neither NaN nor infinite"),
    Operation("to_real", ("int",), "real", "{np}.{real}({0})", lambda k: (None,), "an integer as a real"),
    Operation("bool_to_int", ("bool",), "int", "{np}.int64({0})", lambda k: (None,), "0 or 1"),
    Operation("stop_gradient", R1, "real", "{0}", lambda x: (None,), "x, constant to derivatives"),
    Operation("int_to_bits", ("int",), "u64", "{np}.uint64({0})", None, "a nonnegative integer as 64 bits"),
    Operation(
        "threefry",
        ("u64", "u64"),
        "u64",
        "threefry({0}, {1})",
        None,
        "Threefry-2x32-20 of a key and a counter, each word pair packed high word first",
    ),
    Operation("uniform_bits", ("u64",), "real", "uniform_bits({0})", None, "the leading bits as a real in [0, 1)"),
    Operation(
        "index_bits",
        ("u64", "int"),
        "int",
        "index_bits({0}, {1})",
        None,
        "0 .. n - 1 from the high word: (word * n) >> 32, for n < 2^31",
    ),
    Operation("high_word", ("u64",), "real", "high_word({0})", None, "(high 32 bits + 1/2) / 2^32, in (0, 1)"),
    Operation("low_word", ("u64",), "real", "low_word({0})", None, "low 32 bits / 2^32, in [0, 1)"),
)

# 2/sqrt(pi) to 60 digits; digits beyond a double's are there so that rounding happens once, in the target's precision
TWO_OVER_SQRT_PI: Fraction = Fraction("1.12837916709551257389615890312154517168810125865799771368817")

OPERATIONS: dict[str, Operation] = {declaration.name: declaration for declaration in _declarations}


def declared(name: str) -> Operation:
    """The declaration of an operation of this table or of `special`; raises IRError."""
    found = OPERATIONS.get(name)
    if found is None:
        from optgen.ir.special import SPECIAL

        found = SPECIAL.get(name)
    if found is None:
        raise ir.IRError(f"there is no operation {name}")
    return found


def apply(name: str, *arguments: Scalar) -> Scalar:
    """The operation on arguments, with its type worked out and checked."""
    declaration = declared(name)
    if len(arguments) != len(declaration.takes):
        raise ir.IRError(f"no operation {name} of {len(arguments)} arguments")
    number: Dtype | None = None
    for argument, wanted in zip(arguments, declaration.takes, strict=True):
        dtype = argument.dtype
        if wanted == "number":
            if dtype not in ("int", "real", "f32", "f64") or number not in (None, dtype):
                raise ir.IRError(f"{name} of {', '.join(a.dtype for a in arguments)}")
            number = dtype
        elif dtype != wanted:
            raise ir.IRError(f"{name} of {', '.join(a.dtype for a in arguments)}")
    gives = number if declaration.gives == "same" else declaration.gives
    folded = _fold(name, arguments)
    if folded is not None:
        return folded
    free = frozenset().union(*(argument.free for argument in arguments))
    return ir._intern(ir.Operation, name, arguments, gives, free)


def _fold(name: str, arguments: tuple[Scalar, ...]) -> Scalar | None:
    """Exact integer arithmetic, and identities with 0 and 1 that change no float (x*1, x + 0 of constants, -(-x))."""
    constants = sum([isinstance(a, ir.Constant) for a in arguments])
    if not constants and name != "neg":
        return None
    if constants == len(arguments) and name in _INTEGER and all(a.dtype == "int" for a in arguments):
        values = [a.value for a in arguments]  # type: ignore[union-attr]
        if name in ("floordiv", "mod") and values[1] == 0:
            return None
        return ir.constant(_INTEGER[name](*values))
    match name, arguments:
        case ("mul" | "div", (x, ir.Constant(value=1))) | ("mul", (ir.Constant(value=1), x)):
            return x
        case ("add" | "sub", (x, ir.Constant(value=0, dtype="int"))) | ("add", (ir.Constant(value=0, dtype="int"), x)):
            return x
        case ("mul", (ir.Constant(value=0, dtype="int") as zero, _)) | (
            "mul",
            (_, ir.Constant(value=0, dtype="int") as zero),
        ):
            return zero
        case ("neg", (ir.Operation(name="neg", arguments=(x,)),)):
            return x
        case ("neg", (ir.Constant(value=value, dtype=dtype),)) if value != 0:
            return ir.constant(-value, dtype)
        case ("to_real", (ir.Constant(value=value),)):
            return ir.constant(Fraction(value), "real")
        case ("not", (ir.Constant(value=value),)):
            return ir.constant(not value)
        case ("and", (ir.Constant(value=True), x)) | ("and", (x, ir.Constant(value=True))):
            return x
        case ("or", (ir.Constant(value=False), x)) | ("or", (x, ir.Constant(value=False))):
            return x
        case ("power_int", (x, ir.Constant(value=1))):
            return x
    return None


_INTEGER: dict[str, Callable[..., int | bool]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "floordiv": lambda a, b: a // b,
    "mod": lambda a, b: a % b,
    "neg": lambda a: -a,
    "minimum": min,
    "maximum": max,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
}
