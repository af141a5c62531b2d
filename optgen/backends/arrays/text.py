"""Text of extents for docstrings, and long lines broken as a reader would break them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from optgen.ir import nodes as ir
from optgen.ir.nodes import Scalar

WIDTH = 110
INDENT = "    "
_SIGNS = {"add": " + ", "sub": " - ", "mul": "*", "floordiv": "//"}
# where an expression may be broken, the loosest first
_BREAKS = (
    (", ",),
    (" if ", " else "),
    (" or ",),
    (" and ",),
    (" <= ", " >= ", " < ", " > ", " == ", " != "),
    (" | ",),
    (" & ",),
    (" + ", " - "),
    (" * ", " / ", " @ "),
)


def extent_text(extent: Scalar) -> str:
    """An extent as the docstring says it; "..." for what is not a formula of dims."""
    match extent:
        case ir.Constant(value=value):
            return str(value)
        case ir.Dim(name=name):
            return name
        case ir.Operation(name=name, arguments=(a, b)) if name in _SIGNS:
            return f"{extent_text(a)}{_SIGNS[name]}{extent_text(b)}"
        case ir.Access(tensor=ir.Input(name=name)):
            return name
    return "..."


def broken(line: str, depth: int) -> list[str]:
    """A statement as lines of at most WIDTH characters where brackets or operators allow that."""
    lead = INDENT * depth
    if len(lead) + len(line) <= WIDTH:
        return [lead + line]
    if line.endswith(":"):  # of def, if, while, for
        word, rest = line[:-1].split(" ", 1)
        return _value(f"{word} ", rest, depth, ":", word == "def")
    equals = _top(line, (" = ",))
    if equals and equals[0] > WIDTH // 2 and _top(line[: equals[0]], (", ",)):
        target, value = line[: equals[0]], line[equals[0] + 3 :]
        return [f"{lead}(", *_inner(target, depth + 1), *_value(") = ", value, depth)]
    if equals:
        return _value(line[: equals[0] + 3], line[equals[0] + 3 :], depth)
    if line.startswith("return "):
        return _value("return ", line[7:], depth)
    return _value("", line, depth)


def _value(head: str, value: str, depth: int, tail: str = "", opened_only: bool = False) -> list[str]:
    """`head value tail`: opened at the bracket that ends it if there is just one, else in parentheses of its own."""
    lead = INDENT * depth
    if len(lead) + len(head) + len(value) + len(tail) <= WIDTH:
        return [f"{lead}{head}{value}{tail}"]
    opened = _last_bracket(value)
    if opened is not None and (opened_only or not any(_top(value, signs) for signs in _BREAKS)):
        before, inner, closing = value[: opened + 1], value[opened + 1 : -1], value[-1]
        return [f"{lead}{head}{before}", *_inner(inner, depth + 1), f"{lead}{closing}{tail}"]
    return [f"{lead}{head}(", *_inner(value, depth + 1), f"{lead}){tail}"]


def _inner(text: str, depth: int) -> list[str]:
    """What stands between brackets, broken at its loosest operators."""
    lead = INDENT * depth
    if len(lead) + len(text) <= WIDTH:
        return [lead + text]
    for signs in _BREAKS:
        places = _top(text, signs)
        if places:
            return [line for piece in _pieces(text, places, signs) for line in _piece(piece, depth)]
    return _opened(text, depth)


def _piece(text: str, depth: int) -> list[str]:
    """One operand with its operator: broken at tighter operators if it is too long."""
    if len(INDENT * depth + text) <= WIDTH:
        return [INDENT * depth + text]
    for signs in _BREAKS[1:]:
        places = _top(text, signs)
        if places:
            return [line for piece in _pieces(text, places, signs) for line in _piece(piece, depth)]
    return _opened(text, depth)


def _opened(text: str, depth: int) -> list[str]:
    """A piece too long for a line: its last bracket opened."""
    lead = INDENT * depth
    tail = "," if text.endswith(",") else ""
    core = text.removesuffix(",")
    opened = _last_bracket(core)
    if opened is None:
        return [lead + text]
    return [f"{lead}{core[: opened + 1]}", *_inner(core[opened + 1 : -1], depth + 1), f"{lead}{core[-1]}{tail}"]


def _pieces(text: str, places: Sequence[int], signs: Sequence[str]) -> Iterator[str]:
    """Pieces that begin with their operator, or end with their comma; short entries of a list share a line."""
    if signs == (", ",):
        entries = [text[a:b].strip(" ,") for a, b in zip([0, *places], [*places, len(text)], strict=True)]
        line = ""
        for entry in entries:
            if line and len(line) + len(entry) > WIDTH - 24:
                yield line
                line = ""
            line += f"{' ' if line else ''}{entry},"
        yield line if text.endswith(",") or len(entries) > 1 else line.removesuffix(",")
        return
    yield from (text[a:b].strip() for a, b in zip([0, *places], [*places, len(text)], strict=True))


def _top(text: str, signs: Sequence[str]) -> list[int]:
    """Where the signs stand outside all brackets."""
    found, level = [], 0
    for place, letter in enumerate(text):
        level += (letter in "([{") - (letter in ")]}")
        if level == 0 and place > 0 and any(text.startswith(sign, place) for sign in signs):
            found.append(place)
    return found


def _last_bracket(text: str) -> int | None:
    """Where the bracket opens that the text ends with."""
    if not text or text[-1] not in ")]}":
        return None
    level = 0
    for place in range(len(text) - 1, -1, -1):
        level += (text[place] in ")]}") - (text[place] in "([{")
        if level == 0:
            return place
    return None
