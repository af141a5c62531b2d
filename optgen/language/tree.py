"""The tree of a spec: what the text says, name for name, before any meaning.

Every node has the span it was read from.  Expressions are one small family; lines are one dataclass a kind; blocks
hold lines.  Nothing here knows a method, a class of functions or a data set.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from optgen.diagnostics import Span

# ---------------------------------------------------------------- expressions


@dataclass(frozen=True, slots=True)
class Name:
    span: Span
    name: str


@dataclass(frozen=True, slots=True)
class Primed:
    """`x'`; `name` is without the prime."""

    span: Span
    name: str


@dataclass(frozen=True, slots=True)
class Number:
    """A literal as written (`0.9`, `1e-3`, `0x1.8p3`)."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Tuple:
    """`(a, b)`; parentheses round one expression leave no node."""

    span: Span
    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Interval:
    """`(0, 1]`, `[0, 1)`; `(a, b)` is a Tuple and `[a, b]` a Block until a domain asks for an interval."""

    span: Span
    low: Expr
    high: Expr
    low_open: bool
    high_open: bool


@dataclass(frozen=True, slots=True)
class Block:
    """`[A, B; C, D]`; `trailing` for the semicolon that makes `[1, 2;]` a row matrix."""

    span: Span
    rows: tuple[tuple[Expr, ...], ...]
    trailing: bool


@dataclass(frozen=True, slots=True)
class SetOf:
    """`{-1, 1}`, `{2^j for j in 0..4}`."""

    span: Span
    items: tuple[Expr, ...]
    ranges: tuple[Expr, ...] = ()
    condition: Expr | None = None


@dataclass(frozen=True, slots=True)
class Argument:
    """A positional argument (`keyword` None) or `keyword = value`; binders have their indices here."""

    span: Span
    value: Expr
    keyword: Expr | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """`f(a, k = b)` when `body` is None; else a binder `op(i in S where condition: body else otherwise by method)`."""

    span: Span
    function: Expr
    arguments: tuple[Argument, ...]
    condition: Expr | None = None
    body: Expr | None = None
    otherwise: Expr | None = None
    by: Expr | None = None


@dataclass(frozen=True, slots=True)
class All:
    """The bare `:` of `A[:, j]`."""

    span: Span


@dataclass(frozen=True, slots=True)
class Index:
    span: Span
    base: Expr
    indices: tuple[Expr | All, ...]


@dataclass(frozen=True, slots=True)
class Attribute:
    span: Span
    base: Expr
    name: str


@dataclass(frozen=True, slots=True)
class Derivative:
    """`grad f`, `hess[y] g`, `jac (x -> e)`; a call of it is a Call whose function is this node."""

    span: Span
    kind: Literal["grad", "hess", "jac", "div", "laplacian"]
    variables: tuple[str, ...]
    operand: Expr


@dataclass(frozen=True, slots=True)
class Optimum:
    """`min f`, `argmin f` without parentheses (claims only)."""

    span: Span
    kind: Literal["min", "max", "argmin", "argmax"]
    name: str


@dataclass(frozen=True, slots=True)
class Unary:
    """`-x`, `not c`."""

    span: Span
    operator: Literal["-", "not"]
    operand: Expr


@dataclass(frozen=True, slots=True)
class Binary:
    """Arithmetic, `and`, `or`; `..` makes an integer range."""

    span: Span
    operator: Literal["+", "-", "*", "/", "@", "mod", "^", "and", "or", ".."]
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Comparison:
    """`a < b <= c`; `in` a set, `~` a law."""

    span: Span
    first: Expr
    rest: tuple[tuple[Literal["==", "!=", "<", "<=", ">", ">=", "in", "~"], Expr], ...]


@dataclass(frozen=True, slots=True)
class If:
    span: Span
    condition: Expr
    then: Expr
    otherwise: Expr


@dataclass(frozen=True, slots=True)
class Lambda:
    """`x -> e`, `(x, y) -> e`."""

    span: Span
    parameters: tuple[str, ...]
    body: Expr


Expr = (
    Name
    | Primed
    | Number
    | Tuple
    | Interval
    | Block
    | SetOf
    | Call
    | Index
    | Attribute
    | Derivative
    | Optimum
    | Unary
    | Binary
    | Comparison
    | If
    | Lambda
)

# ---------------------------------------------------------------- declarations and definitions


@dataclass(frozen=True, slots=True)
class Type:
    """`R[n]` (base Index), `space(f)` (base Call), `buffer(10) of R[n]` (item), `R[n] -> R` (result)."""

    span: Span
    base: Expr
    item: Expr | None = None
    result: Expr | None = None


@dataclass(frozen=True, slots=True)
class Domain:
    """`in (0, 1]` and `> 0` (operator and operand), `spd` and other bare words (operator "is", operand a Name)."""

    span: Span
    operator: Literal["in", "<", "<=", ">", ">=", "is"]
    operand: Expr


@dataclass(frozen=True, slots=True)
class Declaration:
    """`target : type domain* = value` or `~ law`; target: a Name, an Index (`g[i in clients]`), a Call (`f(x, y)`)."""

    span: Span
    target: Expr
    type: Type | None
    domains: tuple[Domain, ...]
    value: Expr | None
    law: Expr | None


@dataclass(frozen=True, slots=True)
class Definition:
    """`left = right`; left: a Name, Primed, Index, Call (local function), Tuple; ranges come from the line's `for`."""

    span: Span
    left: Expr
    right: Expr
    ranges: tuple[Expr, ...] = ()
    condition: Expr | None = None


@dataclass(frozen=True, slots=True)
class Draw:
    """`left : type ~ law from seed`, with the ranges of the line's `for`."""

    span: Span
    left: Expr
    type: Type | None
    law: Expr
    seed: Expr | None
    ranges: tuple[Expr, ...] = ()
    condition: Expr | None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """A line part of `given`, `prove`, `where`, `subject to`: an expression, an equation `left = right`, or `e psd`."""

    span: Span
    left: Expr
    right: Expr | None = None
    definite: Literal["", "psd", "spd"] = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a block's header: `f`, `k : N = 3`, `f = mean(i in clients: f[i])`."""

    span: Span
    name: str
    type: Type | None = None
    domains: tuple[Domain, ...] = ()
    value: Expr | None = None


# ---------------------------------------------------------------- lines and blocks


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not a block's opening: `kind` is its word.

    kind            content
    doc, source     `text`
    dim param data var oracle state weight input          `declarations`
    draw            `draws`
    let record equation quick    `definitions`
    value minimize maximize seeds until     `expr`
    stop fail diverged      `expr` is the condition, `text` the reason
    where subject given prove refute at domain     `relations` (subject: with `ranges`)
    find operations         `names`
    for_all objective       `exprs`
    lyapunov        `definitions` with one entry (right is the candidate), or `expr` when only the name is given
    problem run table       `exprs` (run: `names` has "" or the given name, one for each; table: `names` after by)
    plot            `exprs`, `expr` after against, `names` the options
    expect          `relations` with one entry, `expr` after within (None), `text` "%" if a per cent sign follows
    experiment data `names` the names on the left, `source_kind` dataset or file, `text` its name or path, `options`
    accuracy budget `exprs` the numbers, `names` the words
    use             `names`, `text` the path
    specialise      `names` has the new name, `expr` its value
    flow            `names` the left side, `flow` terms
    """

    span: Span
    kind: str
    text: str = ""
    expr: Expr | None = None
    exprs: tuple[Expr, ...] = ()
    names: tuple[str, ...] = ()
    declarations: tuple[Declaration, ...] = ()
    definitions: tuple[Definition, ...] = ()
    draws: tuple[Draw, ...] = ()
    relations: tuple[Relation, ...] = ()
    ranges: tuple[Expr, ...] = ()
    condition: Expr | None = None
    options: tuple[tuple[str, tuple[str, ...]], ...] = ()
    source_kind: str = ""
    flow: tuple[tuple[str, Expr | None, str], ...] = ()  # sign, factor, differential ("dt", "dW")


@dataclass(frozen=True, slots=True)
class Group:
    """A block: its opening line and what is indented under it.

    kind: algorithm problem network function sde ode experiment search claim step phase when otherwise program.
    `name` (claims: the quoted text), `parameters` with `has_parameters` (an algorithm may have none written),
    function: `result`, `value` for the one-line form; step: `counter`, `range`, `by`; when, otherwise: `condition`.
    """

    span: Span
    kind: str
    name: str = ""
    parameters: tuple[Parameter, ...] = ()
    has_parameters: bool = False
    result: Type | None = None
    value: Expr | None = None
    counter: str = ""
    range: Expr | None = None
    by: Expr | None = None
    condition: Expr | None = None
    body: tuple[Line | Group, ...] = ()

    def lines(self, *kinds: str) -> list[Line]:
        """The lines of the body with one of these kinds, in the order of the text."""
        return [item for item in self.body if isinstance(item, Line) and item.kind in kinds]

    def groups(self, *kinds: str) -> list[Group]:
        """The blocks of the body with one of these kinds, in the order of the text."""
        return [item for item in self.body if isinstance(item, Group) and item.kind in kinds]


@dataclass(frozen=True, slots=True)
class File:
    """A whole file: top-level blocks and lines (`use`, `specialise`, `let`)."""

    span: Span
    body: tuple[Line | Group, ...]

    def lines(self, *kinds: str) -> list[Line]:
        """The top-level lines with one of these kinds."""
        return [item for item in self.body if isinstance(item, Line) and item.kind in kinds]

    def groups(self, *kinds: str) -> list[Group]:
        """The top-level blocks with one of these kinds."""
        return [item for item in self.body if isinstance(item, Group) and item.kind in kinds]
