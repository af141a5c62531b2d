"""Names for what the author did not name: what a value is, in the names of what it is made from."""

from __future__ import annotations

import re
from collections.abc import Mapping

from optgen.ir import nodes as ir
from optgen.ir.nodes import AnyNode, Scalar
from optgen.passes.materialise import COSTLY

# names that passes give because a scalar must have one, and no author
UNNAMED = frozenset({"", "value", "sum", "prod", "max", "min", "any", "all", "argmax", "argmin", *COSTLY})
LONGEST = 20
_DERIVED = re.compile(r"(_dot|_bar|_new)*$")
_UNARY = {
    "neg": "minus", "sqrt": "root", "abs": "size", "not": "not", "to_real": "", "bool_to_int": "", "stop_gradient": "",
    "int_to_bits": "", "is_finite": "finite",
}  # fmt: skip
_BINARY = {
    "mul": "", "div": "over", "add": "plus", "sub": "minus", "power": "to", "power_int": "to", "minimum": "or",
    "maximum": "or", "and": "and", "or": "or",
}  # fmt: skip
_WORDS = {
    "mul": "product", "div": "ratio", "add": "total", "sub": "difference", "power": "power", "power_int": "power",
    "neg": "opposite", "sqrt": "root", "threefry": "bits", "minimum": "smaller", "maximum": "larger",
    "not": "otherwise", "eq": "same", "ne": "differs", "lt": "less", "gt": "greater", "and": "both",
    "or": "either", "sum": "total", "prod": "product", "max": "largest", "min": "smallest",
    "any": "some", "all": "every", "argmax": "best", "argmin": "best",
}  # fmt: skip


def author(name: str) -> str:
    """The name if the author gave it, "" if a pass did: a derivative of what has no name has none either."""
    return "" if _DERIVED.sub("", name) in UNNAMED else name


def derived(name: str) -> bool:
    """Whether a pass made the name from the author's: the derivative of something."""
    return _DERIVED.sub("", name) != name.removesuffix("_new")


def described(node: ir.Array | ir.Concat | ir.View, names: Mapping[AnyNode, str]) -> str:
    """A name for a tensor, from the names of the tensors that it reads: `A_x` for a product, else a word."""
    match node:
        case ir.Concat(parts=parts):
            made = "_".join(names.get(part, "") for part in parts)
            return made if 0 < len(made) <= LONGEST and "__" not in made else "joined"
        case ir.View(tensor=tensor):
            return f"{names.get(tensor, 'value')}_part"
    made = _name(node.body, names).strip("_")
    if made and len(made) <= LONGEST and not made[0].isdigit():
        return made
    return _word(node.body)


def _word(body: Scalar) -> str:
    match body:
        case ir.Constant(value=value) if value in (0, 1):
            return "ones" if value else "zeros"
        case ir.Operation(name="minimum", dtype="int", arguments=(ir.Operation(name="maximum"), _)):
            return "place"  # kept inside an axis
        case ir.Operation(name=name):
            return _WORDS.get(name, name)
        case ir.Reduce(kind=kind):
            return _WORDS[kind]
        case ir.Choose():
            return "chosen"
    return "value"


def _name(node: Scalar, names: Mapping[AnyNode, str], depth: int = 0) -> str:
    """Words for a scalar, "" if there are none; a few levels deep."""
    if depth > 4:
        return "x" * (LONGEST + 1)
    match node:
        case ir.Access(tensor=tensor):
            return names.get(tensor, "")
        case ir.Index(name=name) | ir.Dim(name=name):
            return name
        case ir.Operation(name="minimum", dtype="int", arguments=(ir.Operation(name="maximum"), _)):
            return ""
        case ir.Operation(name=name, arguments=(a,)):
            inner, word = _name(a, names, depth + 1), _UNARY.get(name, name)
            return f"{word}_{inner}" if word and inner else inner
        case ir.Operation(name="div", arguments=(ir.Constant(value=1), b)):
            return f"inverse_{_name(b, names, depth + 1)}"
        case ir.Operation(name="div", arguments=(a, ir.Constant(value=2))):
            return f"half_{_name(a, names, depth + 1)}"
        case ir.Operation(name="mul" | "div", arguments=(ir.Constant(), a) | (a, ir.Constant())):
            return f"scaled_{_name(a, names, depth + 1)}"
        case ir.Operation(name=name, arguments=(a, b)) if name in _BINARY:
            left, right = _name(a, names, depth + 1), _name(b, names, depth + 1)
            if name == "mul" and a is b:
                return f"{left}_squared"
            return "_".join(word for word in (left, _BINARY[name] if left and right else "", right) if word)
        case ir.Reduce(kind="sum", body=ir.Operation(name="mul", arguments=(a, b))) if a is not b:
            return _name(node.body, names, depth + 1)
        case ir.Reduce(kind=kind, body=body):
            return f"{kind}_{_name(body, names, depth + 1)}"
    return ""
