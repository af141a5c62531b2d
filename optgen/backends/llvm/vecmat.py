"""The sum of the rows of a matrix, each times a factor, as a function of a module.

`name(a, c, g, rows, columns)` adds the rows to g, eight at once, so that g is read and written once for eight rows.
Columns beyond the end are masked.
"""

from __future__ import annotations

from optgen.backends.llvm import masks
from optgen.backends.llvm.body import Body
from optgen.backends.llvm.lanes import width
from optgen.backends.llvm.rows import ROWS


def vecmat(real: str, name: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """The text of the function, the routines it uses (none), its declarations."""
    body = Body(real)
    whole = body.value(f"and i64 %rows, {-ROWS}")
    _added(body, "groups", "0", whole, ROWS)
    _added(body, "single", whole, "%rows", 1)
    body.do("ret void")
    head = f"define internal void @{name}(ptr noalias %a, ptr noalias %c, ptr noalias %g, i64 %rows, i64 %columns)"
    lines = [f'{head} noinline nounwind "prefer-vector-width"="512" {{', "entry:", *body.lines, "}", ""]
    return "\n".join(lines), (), tuple(sorted(body.externals))


def _added(body: Body, name: str, start: str, end: str, count: int) -> None:
    """The rows from start to end, `count` at once."""
    before = body.label
    body.do(f"br i1 {body.value(f'icmp slt i64 {start}, {end}')}, label %{name}, label %{name}.end")
    body.begin(name)
    row = f"%{name}.row"
    body.do(f"{row} = phi i64 [ {start}, %{before} ], [ {row}.next, %{name}.done ]")
    terms = [_term(body, body.value(f"add nuw nsw i64 {row}, {k}")) for k in range(count)]
    _columns(body, name, terms)
    body.do(f"{row}.next = add nuw nsw i64 {row}, {count}")
    body.do(f"br i1 {body.value(f'icmp slt i64 {row}.next, {end}')}, label %{name}, label %{name}.end")
    body.begin(f"{name}.end")


def _term(body: Body, row: str) -> tuple[str, str]:
    """Where a row begins, and its factor in all lanes."""
    offset = body.value(f"mul nsw i64 {row}, %columns")
    start = body.value(f"getelementptr inbounds {body.real}, ptr %a, i64 {offset}")
    place = body.value(f"getelementptr inbounds {body.real}, ptr %c, i64 {row}")
    factor = body.value(f"load {body.real}, ptr {place}")
    return start, masks.splat(body, width(body.real), body.real, factor)


def _columns(body: Body, name: str, terms: list[tuple[str, str]]) -> None:
    """One block of columns after the other: g plus the terms."""
    lanes, before = width(body.real), body.label
    kind, column = lanes.type(body.real), f"%{name}.column"
    body.do(f"br i1 {body.value('icmp sgt i64 %columns, 0')}, label %{name}.block, label %{name}.done")
    body.begin(f"{name}.block")
    body.do(f"{column} = phi i64 [ 0, %{before} ], [ {column}.next, %{name}.block ]")
    mask = masks.within(body, lanes, column, "%columns")

    def place(start: str) -> str:
        return body.value(f"getelementptr inbounds {body.real}, ptr {start}, i64 {column}")

    target = place("%g")
    total = masks.load(body, lanes, body.real, target, mask)
    for start, factor in terms:
        product = body.value(f"fmul contract {kind} {masks.load(body, lanes, body.real, place(start), mask)}, {factor}")
        total = body.value(f"fadd reassoc contract {kind} {total}, {product}")
    masks.store(body, lanes, body.real, total, target, mask)
    body.do(f"{column}.next = add nuw nsw i64 {column}, {lanes.count}")
    body.do(f"br i1 {body.value(f'icmp slt i64 {column}.next, %columns')}, label %{name}.block, label %{name}.done")
    body.begin(f"{name}.done")
