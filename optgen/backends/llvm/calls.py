"""Whole-array functions written out in the loop form, so that a module needs no library for them.

In: a procedure with Invokes of the table in ir/calls.  Out: the same procedure with statements for those that FORMULAS
has, and their working memory among the temporaries; other Invokes stay.  A result that does not exist is NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from optgen.ir import nodes as ir
from optgen.ir.imperative import Accumulate, Buffer, For, If, Invoke, Let, Procedure, Statement, Store, While
from optgen.ir.nodes import Dtype, Scalar
from optgen.ir.operations import apply

Block = tuple[Statement, ...]
NAN = ir.constant(float("nan"), "real")
ZERO, ONE = ir.constant(0, "real"), ir.constant(1, "real")
TRUE, FALSE = ir.constant(True), ir.constant(False)
SWEEPS = 60  # Jacobi's method needs about ten for matrices of any use; it stops by itself
NEGLIGIBLE = Fraction(1, 1 << 63)


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a batch: a buffer under fixed leading indices."""

    buffer: Buffer
    lead: tuple[Scalar, ...] = ()

    def __getitem__(self, places: tuple[Scalar, ...]) -> Scalar:
        return ir.access(self.buffer, *self.lead, *places)

    def set(self, places: tuple[Scalar, ...], value: Scalar) -> Store:
        return Store(self.buffer, (*self.lead, *places), value)

    @property
    def axes(self) -> tuple[Scalar, ...]:
        return self.buffer.axes[len(self.lead) :]


@dataclass(slots=True)
class Memory:
    """The working memory that formulas asked for."""

    made: list[Buffer] = field(default_factory=list)

    def new(self, name: str, dtype: Dtype, *axes: Scalar) -> Member:
        buffer = ir.Input(f"{name}_{len(self.made)}", dtype, axes)
        self.made.append(buffer)
        return Member(buffer)


Formula = Callable[..., Block]


def expand_calls(procedure: Procedure) -> Procedure:
    """The procedure with loops in place of the calls that FORMULAS has."""
    memory = Memory()
    body = _block(procedure.body, memory)
    return replace(procedure, body=body, temporaries=(*procedure.temporaries, *memory.made))


def _block(block: Sequence[Statement], memory: Memory) -> Block:
    made: list[Statement] = []
    for statement in block:
        match statement:
            case Invoke(function=function) if function in FORMULAS:
                made.extend(_called(statement, memory))
            case For():
                made.append(replace(statement, body=_block(statement.body, memory)))
            case If():
                then, otherwise = _block(statement.then, memory), _block(statement.otherwise, memory)
                made.append(replace(statement, then=then, otherwise=otherwise))
            case While():
                parts = (statement.head, statement.tail, statement.close)
                head, tail, close = (_block(part, memory) for part in parts)
                made.append(replace(statement, head=head, tail=tail, close=close))
            case _:
                made.append(statement)
    return tuple(made)


def _called(statement: Invoke, memory: Memory) -> Block:
    """The formula, once for each member of the batch; members share their working memory."""
    batch = dict(statement.attributes).get("batch", 0)
    lead = tuple(ir.Index(axis, "batch") for axis in statement.arguments[0].axes[:batch])
    buffers = (*statement.arguments, *statement.results)
    block = FORMULAS[statement.function](memory, *(Member(buffer, lead) for buffer in buffers))
    for index in reversed(lead):
        block = (For(index, block),)
    return block


# ---------------------------------------------------------------- words


def _each(
    extent: Scalar, body: Callable[[ir.Index], Sequence[Statement]], name: str = "i", vector: bool = False
) -> For:
    index = ir.Index(extent, name)
    return For(index, tuple(body(index)), vector)


def _after(place: Scalar, n: Scalar, body: Callable[[Scalar], Sequence[Statement]], vector: bool = False) -> For:
    """For place + 1, ..., n - 1."""
    rest = apply("sub", apply("sub", n, ir.constant(1)), place)
    return _each(rest, lambda t: body(_plus(_plus(place, t), ir.constant(1))), "t", vector)


def _down(n: Scalar, body: Callable[[Scalar], Sequence[Statement]]) -> For:
    """For n - 1, ..., 0."""
    return _each(n, lambda t: body(apply("sub", apply("sub", n, ir.constant(1)), t)), "t")


def _plus(a: Scalar, b: Scalar) -> Scalar:
    return apply("add", a, b)


def _times(a: Scalar, b: Scalar) -> Scalar:
    return apply("mul", a, b)


def _less(total: Member, value: Scalar) -> Accumulate:
    """total = total - value, in a sum that may be reordered."""
    return Accumulate("sum", total.buffer, (), apply("neg", value))


def _local(name: str, value: Scalar) -> tuple[Let, Scalar]:
    local = ir.Input(name, value.dtype)
    return Let(local, value), ir.access(local)


def _filled(target: Member, value: Scalar) -> Block:
    block: Block = (target.set(indices := tuple(ir.Index(axis, "i") for axis in target.axes), value),)
    for index in reversed(indices):
        block = (For(index, block),)
    return block


def _unless(holds: Member, *targets: Member) -> If:
    """NaN in all entries of the targets unless `holds`."""
    return If(apply("not", holds[()]), tuple(s for target in targets for s in _filled(target, NAN)))


# ---------------------------------------------------------------- triangles


def _cholesky(memory: Memory, a: Member, lower: Member) -> Block:
    """Row by row of the lower triangle; a pivot that is not positive leaves no result."""
    n = a.axes[0]
    total, good = memory.new("total", "real"), memory.new("good", "bool")

    def reduced(i: Scalar, j: Scalar) -> Block:
        return (
            total.set((), a[i, j]),
            _each(j, lambda k: [_less(total, _times(lower[i, k], lower[j, k]))], "k", vector=True),
        )

    def below(i: Scalar, j: Scalar, pivot: Scalar) -> Block:
        return (*reduced(i, j), lower.set((i, j), apply("div", total[()], pivot)), lower.set((j, i), ZERO))

    def column(j: ir.Index) -> Block:
        root, pivot = _local("pivot", apply("sqrt", total[()]))
        return (
            *reduced(j, j),
            good.set((), apply("and", good[()], apply("gt", total[()], ZERO))),
            root,
            lower.set((j, j), pivot),
            _after(j, n, lambda i: below(i, j, pivot)),
        )

    return (good.set((), TRUE), _each(n, column, "j"), _unless(good, lower))


def _solve_lower(memory: Memory, a: Member, b: Member, x: Member) -> Block:
    total = memory.new("total", "real")

    def row(i: ir.Index) -> Block:
        known = _each(i, lambda k: [_less(total, _times(a[i, k], x[k,]))], "k", vector=True)
        return (total.set((), b[i,]), known, x.set((i,), apply("div", total[()], a[i, i])))

    return (_each(a.axes[0], row),)


def _solve_spd(memory: Memory, a: Member, b: Member, x: Member) -> Block:
    """L y = b, then L.T x = y by columns of L.T, which are rows of L."""
    n = a.axes[0]
    lower = memory.new("lower", "real", n, n)

    def back(i: Scalar) -> Block:
        let, value = _local("entry", apply("div", x[i,], lower[i, i]))
        rest = _each(i, lambda k: [x.set((k,), apply("sub", x[k,], _times(lower[i, k], value)))], "k", vector=True)
        return (let, x.set((i,), value), rest)

    return (*_cholesky(memory, a, lower), *_solve_lower(memory, lower, b, x), _down(n, back))


# ---------------------------------------------------------------- LU


@dataclass(frozen=True, slots=True)
class Factors:
    """`lu` has L below and U on and above its diagonal; `rows` the order of the rows, `sign` the sign of that order;
    `regular` says that no pivot is 0."""

    lu: Member
    rows: Member
    sign: Member
    regular: Member


def _factorised(memory: Memory, a: Member) -> tuple[Block, Factors]:
    """Gaussian elimination with partial pivoting."""
    n = a.axes[0]
    lu, rows = memory.new("lu", "real", n, n), memory.new("rows", "int", n)
    sign, regular = memory.new("sign", "real"), memory.new("regular", "bool")
    best, top = memory.new("best", "int"), memory.new("top", "real")

    def exchanged(member: Member, *places: tuple[Scalar, ...]) -> Block:
        keep, first = _local("kept", member[places[0]])
        return (keep, member.set(places[0], member[places[1]]), member.set(places[1], first))

    def eliminated(j: Scalar, i: Scalar) -> Block:
        let, factor = _local("factor", apply("div", lu[i, j], lu[j, j]))
        row = _after(j, n, lambda k: [lu.set((i, k), apply("sub", lu[i, k], _times(factor, lu[j, k])))], vector=True)
        return (let, lu.set((i, j), factor), row)

    def column(j: ir.Index) -> Block:
        def size(i: Scalar) -> Accumulate:
            return Accumulate("argmax", top.buffer, (), apply("abs", lu[i, j]), None, i, best.buffer)

        swap = (
            _each(n, lambda k: exchanged(lu, (j, k), (best[()], k)), "k"),
            *exchanged(rows, (j,), (best[()],)),
            sign.set((), apply("neg", sign[()])),
        )
        return (
            best.set((), j),
            top.set((), apply("abs", lu[j, j])),
            _after(j, n, lambda i: [size(i)]),
            If(apply("ne", best[()], j), swap),
            If(apply("ne", lu[j, j], ZERO), (_after(j, n, lambda i: eliminated(j, i)),), (regular.set((), FALSE),)),
        )

    start = (
        _each(n, lambda i: [rows.set((i,), i), _each(n, lambda j: [lu.set((i, j), a[i, j])], "j", vector=True)]),
        sign.set((), ONE),
        regular.set((), TRUE),
    )
    return (*start, _each(n, column, "j")), Factors(lu, rows, sign, regular)


def _solve(memory: Memory, a: Member, b: Member, x: Member) -> Block:
    n = a.axes[0]
    first, factors = _factorised(memory, a)
    lu, total = factors.lu, memory.new("total", "real")

    def forward(i: ir.Index) -> Block:
        known = _each(i, lambda k: [_less(total, _times(lu[i, k], x[k,]))], "k", vector=True)
        return (total.set((), b[factors.rows[i,],]), known, x.set((i,), total[()]))

    def back(i: Scalar) -> Block:
        known = _after(i, n, lambda k: [_less(total, _times(lu[i, k], x[k,]))], vector=True)
        return (total.set((), x[i,]), known, x.set((i,), apply("div", total[()], lu[i, i])))

    return (*first, _each(n, forward), _down(n, back), _unless(factors.regular, x))


def _solve_matrix(memory: Memory, a: Member, b: Member, x: Member) -> Block:
    """All columns at once, so that the innermost loop runs along rows."""
    n, columns = b.axes
    first, factors = _factorised(memory, a)
    lu = factors.lu

    def less(i: Scalar, k: Scalar) -> Block:
        let, factor = _local("factor", lu[i, k])

        def change(c: Scalar) -> Sequence[Statement]:
            return [x.set((i, c), apply("sub", x[i, c], _times(factor, x[k, c])))]

        return (let, _each(columns, change, "c", vector=True))

    def forward(i: ir.Index) -> Block:
        start = _each(columns, lambda c: [x.set((i, c), b[factors.rows[i,], c])], "c", vector=True)
        return (start, _each(i, lambda k: less(i, k), "k"))

    def back(i: Scalar) -> Block:
        scaled = _each(columns, lambda c: [x.set((i, c), apply("div", x[i, c], lu[i, i]))], "c", vector=True)
        return (_after(i, n, lambda k: less(i, k)), scaled)

    return (*first, _each(n, forward), _down(n, back), _unless(factors.regular, x))


def _det(memory: Memory, a: Member, result: Member) -> Block:
    first, factors = _factorised(memory, a)
    product = memory.new("product", "real")

    def times(i: Scalar) -> Sequence[Statement]:
        return [product.set((), _times(product[()], factors.lu[i, i]))]

    return (*first, product.set((), factors.sign[()]), _each(a.axes[0], times), result.set((), product[()]))


# ---------------------------------------------------------------- eigenvectors


def _eigh(memory: Memory, a: Member, values: Member, vectors: Member) -> Block:
    """Jacobi's method (Golub and Van Loan, Matrix Computations, section 8.5) on the lower triangle, cyclic by rows.

    Eigenvectors are kept as rows of `turned`, since rotations then run along memory.
    """
    n = a.axes[0]
    work, turned = memory.new("work", "real", n, n), memory.new("turned", "real", n, n)
    rest, largest = memory.new("rest", "real"), memory.new("largest", "real")

    def copied(i: ir.Index) -> Block:
        def entry(j: ir.Index) -> Block:
            value = a[apply("maximum", i, j), apply("minimum", i, j)]
            return (work.set((i, j), value), turned.set((i, j), ir.choose(apply("eq", i, j), ONE, ZERO)))

        return (_each(n, entry, "j"),)

    def sizes(i: ir.Index) -> Block:
        def size(j: Scalar) -> Scalar:
            return apply("abs", work[i, j])

        return (
            _each(n, lambda j: [Accumulate("max", largest.buffer, (), size(j))], "j"),
            _each(i, lambda j: [Accumulate("max", rest.buffer, (), size(j))], "j"),
        )

    def rotations(p: ir.Index) -> Block:
        return (_after(p, n, lambda q: [If(apply("ne", work[p, q], ZERO), _rotated(n, work, turned, p, q))]),)

    head = (rest.set((), ZERO), largest.set((), ZERO), _each(n, sizes))
    bound = _times(ir.constant(NEGLIGIBLE, "real"), largest[()])
    sweep = memory.new("sweep", "int")
    turning = While(sweep.buffer, ir.constant(SWEEPS), head, apply("gt", rest[()], bound), (_each(n, rotations, "p"),))
    finite = apply("is_finite", largest[()])
    nothing = (*_filled(values, NAN), *_filled(vectors, NAN))
    return (_each(n, copied), turning, If(finite, _ordered(memory, work, turned, values, vectors), nothing))


def _rotated(n: Scalar, work: Member, turned: Member, p: Scalar, q: Scalar) -> Block:
    """The plane rotation that makes entry (p, q) zero."""
    lets: list[Statement] = []

    def named(name: str, value: Scalar) -> Scalar:
        let, local = _local(name, value)
        lets.append(let)
        return local

    first, second, mixed = named("first", work[p, p]), named("second", work[q, q]), named("mixed", work[p, q])
    ratio = named("ratio", apply("div", apply("sub", second, first), _plus(mixed, mixed)))
    size = _plus(apply("abs", ratio), apply("sqrt", _plus(_times(ratio, ratio), ONE)))
    tangent = named("tangent", apply("div", ir.choose(apply("lt", ratio, ZERO), ir.constant(-1, "real"), ONE), size))
    cosine = named("cosine", apply("div", ONE, apply("sqrt", _plus(_times(tangent, tangent), ONE))))
    sine = named("sine", _times(tangent, cosine))
    change = named("change", _times(tangent, mixed))

    def turn(member: Member, one: tuple[Scalar, ...], other: tuple[Scalar, ...]) -> Block:
        (let_u, u), (let_v, v) = _local("u", member[one]), _local("v", member[other])
        less, more = apply("sub", _times(cosine, u), _times(sine, v)), _plus(_times(sine, u), _times(cosine, v))
        return (let_u, let_v, member.set(one, less), member.set(other, more))

    return (
        *lets,
        _each(n, lambda k: turn(work, (k, p), (k, q)), "k"),
        _each(n, lambda k: turn(work, (p, k), (q, k)), "k", vector=True),
        _each(n, lambda k: turn(turned, (p, k), (q, k)), "k", vector=True),
        work.set((p, p), apply("sub", first, change)),
        work.set((q, q), _plus(second, change)),
        work.set((p, q), ZERO),
        work.set((q, p), ZERO),
    )


def _ordered(memory: Memory, work: Member, turned: Member, values: Member, vectors: Member) -> Block:
    """Each eigenpair to the column of its rank, with its largest entry (the first of equals) positive."""
    n = work.axes[0]
    rank, top, at = memory.new("rank", "int"), memory.new("top", "real"), memory.new("at", "int")

    def pair(i: ir.Index) -> Block:
        def before(j: ir.Index) -> Accumulate:
            smaller = apply("lt", work[j, j], work[i, i])
            tied = apply("and", apply("eq", work[j, j], work[i, i]), apply("lt", j, i))
            return Accumulate("sum", rank.buffer, (), apply("bool_to_int", apply("or", smaller, tied)))

        def size(k: Scalar) -> Accumulate:
            return Accumulate("argmax", top.buffer, (), apply("abs", turned[i, k]), None, k, at.buffer)

        sign, signed = _local("signed", ir.choose(apply("lt", turned[i, at[()]], ZERO), ir.constant(-1, "real"), ONE))
        return (
            rank.set((), ir.constant(0)),
            _each(n, lambda j: [before(j)], "j"),
            top.set((), ir.constant(-1, "real")),
            at.set((), ir.constant(0)),
            _each(n, lambda k: [size(k)], "k"),
            sign,
            values.set((rank[()],), work[i, i]),
            _each(n, lambda k: [vectors.set((k, rank[()]), _times(signed, turned[i, k]))], "k"),
        )

    return (_each(n, pair),)


FORMULAS: dict[str, Formula] = {
    "cholesky": _cholesky,
    "solve_lower": _solve_lower,
    "solve_spd": _solve_spd,
    "solve": _solve,
    "solve_matrix": _solve_matrix,
    "det": _det,
    "eigh": _eigh,
}
