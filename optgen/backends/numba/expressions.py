"""Scalar expressions as Python that numba compiles: one rule an operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from optgen.ir import nodes as ir
from optgen.ir.formulas import FORMULAS
from optgen.ir.imperative import Buffer
from optgen.ir.nodes import AnyNode, Scalar
from optgen.ir.operations import declared

Text = tuple[str, int]  # code and how tightly its outermost operator binds
ATOM = 20
UNARY = 10
NOT = 2  # between `and` and comparisons, which the table of operations has at 3
TERNARY = -1

CALLS: dict[str, str] = {
    "sqrt": "math.sqrt({0})",
    "exp": "math.exp({0})",
    "expm1": "math.expm1({0})",
    "log": "math.log({0})",
    "log1p": "math.log1p({0})",
    "abs": "abs({0})",
    "sin": "math.sin({0})",
    "cos": "math.cos({0})",
    "tan": "math.tan({0})",
    "arccos": "math.acos({0})",
    "arctan2": "math.atan2({0}, {1})",
    "sinh": "math.sinh({0})",
    "cosh": "math.cosh({0})",
    "tanh": "math.tanh({0})",
    "erf": "math.erf({0})",
    "lgamma": "math.lgamma({0})",
    "floor": "int(math.floor({0}))",
    "ceil": "int(math.ceil({0}))",
    "round": "int(np.rint({0}))",
    "floor_real": "np.floor({0})",
    "sign": "np.sign({0})",
    "is_finite": "math.isfinite({0})",
    "to_real": "{real}({0})",
    "bool_to_int": "int({0})",
    "int_to_bits": "np.uint64({0})",
    "mod": "np.mod({0}, {1})",
    "power_int": "power_int({0}, {1})",
    "digamma": "digamma({0})",
    "threefry": "threefry({0}, {1})",
    "uniform_bits": "{real}(uniform({0}))",
    "index_bits": "random_index({0}, {1})",
    "high_word": "{real}(high_word({0}))",
    "low_word": "{real}(low_word({0}))",
    **{name: f"{{real}}({name}({{0}}))" for name in FORMULAS},
}
# what a call needs from the helper functions
HELPERS = {
    "power_int": "power_int",
    "digamma": "digamma",
    "threefry": "threefry",
    "uniform_bits": "uniform",
    "index_bits": "random_index",
    "high_word": "high_word",
    "low_word": "low_word",
    **{name: name for name in FORMULAS},
}
WORDS = {"and": ("and", 1), "or": ("or", 0)}


def number(node: ir.Constant, real: str) -> Text:
    """A constant in the type it has, so that float32 stays float32."""
    value = node.value
    match node.dtype:
        case "bool":
            return str(bool(value)), ATOM
        case "int":
            if int(value) == -(2**63):
                return "np.iinfo(np.int64).min", ATOM
            return str(int(value)), ATOM if value >= 0 else UNARY
        case "u64":
            return f"np.uint64({int(value)})", ATOM
    text = _decimal(value)
    if real == "float32":
        return f"float32({text})", ATOM
    return text, UNARY if text.startswith("-") else ATOM


def _decimal(value: ir.Number) -> str:
    made = float(value) if not isinstance(value, Fraction) else value.numerator / value.denominator
    if made != made:
        return "np.nan"
    if made in (ir.INF, -ir.INF):
        return "np.inf" if made > 0 else "-np.inf"
    return repr(made)


def expression(root: Scalar, names: Mapping[AnyNode, str], real: str) -> str:
    """The code of a scalar; `names` gives dims, indices and buffers."""
    return expressions([root], names, real)[0][0]


def expressions(roots: Sequence[Scalar], names: Mapping[AnyNode, str], real: str) -> list[Text]:
    done: dict[AnyNode, Text] = {}
    stack: list[tuple[AnyNode, bool]] = [(root, False) for root in roots]
    while stack:
        node, ready = stack.pop()
        if node in done:
            continue
        if not ready:
            stack.append((node, True))
            stack.extend((part, False) for part in _parts(node))
            continue
        done[node] = _printed(node, done, names, real)
    return [done[root] for root in roots]


def _parts(node: AnyNode) -> tuple[AnyNode, ...]:
    match node:
        case ir.Operation(arguments=arguments):
            return arguments
        case ir.Access(indices=indices):
            return indices
        case ir.Choose(condition=condition, then=then, otherwise=otherwise):
            return condition, then, otherwise
    return ()


def _printed(node: AnyNode, done: Mapping[AnyNode, Text], names: Mapping[AnyNode, str], real: str) -> Text:
    match node:
        case ir.Constant():
            return number(node, real)
        case ir.Dim(name=name):
            return names.get(node, name), ATOM
        case ir.Index():
            return names[node], ATOM
        case ir.Access(tensor=tensor, indices=indices):
            return place(names[tensor], [done[index][0] for index in indices]), ATOM
        case ir.Choose(condition=condition, then=then, otherwise=otherwise):
            parts = [_within(done[part], TERNARY + 1) for part in (then, condition, otherwise)]
            return f"{parts[0]} if {parts[1]} else {parts[2]}", TERNARY
        case ir.Operation(name=name, arguments=arguments):
            return _operation(name, arguments, done, real)
    raise ir.IRError(f"{type(node).__name__} has no place in the loop form")


def place(name: str, indices: Sequence[str]) -> str:
    return f"{name}[{', '.join(indices)}]" if indices else name


def _operation(name: str, arguments: Sequence[Scalar], done: Mapping[AnyNode, Text], real: str) -> Text:
    texts = [done[argument] for argument in arguments]
    if name in SPECIAL:
        return SPECIAL[name](texts, arguments, real)
    infix = WORDS.get(name) or declared(name).infix
    if infix is None and name not in CALLS:
        raise ir.IRError(f"numba source has no {name}")
    if infix is None:
        return CALLS[name].format(*(text for text, _ in texts), real=real if real == "float32" else "float"), ATOM
    sign, strength = infix
    left_first = name in ("add", "sub", "mul", "div", "floordiv", "and", "or")
    left = _within(texts[0], strength if left_first else strength + 1)
    return f"{left} {sign} {_within(texts[1], strength + 1)}", strength


def _within(text: Text, strength: int) -> str:
    return text[0] if text[1] >= strength else f"({text[0]})"


def _negative(texts: Sequence[Text], arguments: Sequence[Scalar], real: str) -> Text:
    return f"-{_within(texts[0], UNARY)}", UNARY


def _not(texts: Sequence[Text], arguments: Sequence[Scalar], real: str) -> Text:
    return f"not {_within(texts[0], NOT)}", NOT


def _same(texts: Sequence[Text], arguments: Sequence[Scalar], real: str) -> Text:
    return texts[0]


def _larger(name: str) -> Callable[[Sequence[Text], Sequence[Scalar], str], Text]:
    def printed(texts: Sequence[Text], arguments: Sequence[Scalar], real: str) -> Text:
        word = name[:3] if arguments[0].dtype == "int" else f"np.{name}"
        return f"{word}({texts[0][0]}, {texts[1][0]})", ATOM

    return printed


def _power(texts: Sequence[Text], arguments: Sequence[Scalar], real: str) -> Text:
    exponent = arguments[1]
    if isinstance(exponent, ir.Constant) and exponent.value == 2 and isinstance(arguments[0], ir.Access):
        return f"{texts[0][0]} * {texts[0][0]}", 9
    return f"power_int({texts[0][0]}, {texts[1][0]})", ATOM


SPECIAL: dict[str, Callable[[Sequence[Text], Sequence[Scalar], str], Text]] = {
    "neg": _negative,
    "not": _not,
    "stop_gradient": _same,
    "minimum": _larger("minimum"),
    "maximum": _larger("maximum"),
    "power_int": _power,
}


def shape(buffer: Buffer, names: Mapping[AnyNode, str], real: str) -> list[str]:
    """The lengths of a buffer's axes as code."""
    return [text for text, _ in expressions(buffer.axes, names, real)]
