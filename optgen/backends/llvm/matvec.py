"""The product of a matrix and a vector as a function of a module.

`name(a, x, y, rows, columns)` goes over four rows at once, so that their sums do not wait for each other and x is read
once for four rows.
"""

from __future__ import annotations

from optgen.backends.llvm import masks
from optgen.backends.llvm.body import Body
from optgen.backends.llvm.lanes import Lanes, width

ROWS = 4


def matvec(real: str, name: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """The text of the function, the routines it uses (none), its declarations."""
    body = Body(real)
    _groups(body)
    head = f"define internal void @{name}(ptr noalias %a, ptr noalias %x, ptr noalias %y, i64 %rows, i64 %columns)"
    lines = [f'{head} noinline nounwind "prefer-vector-width"="512" {{', "entry:", *body.lines, "}", ""]
    return "\n".join(lines), (), tuple(sorted(body.externals))


def _groups(body: Body) -> None:
    """Rows i .. i + 3; where fewer are left, the last one is taken again and not stored."""
    lanes = width(body.real)
    kind = lanes.type(body.real)
    last = body.value("sub nsw i64 %rows, 1")
    body.do(f"br i1 {body.value('icmp sgt i64 %rows, 0')}, label %group, label %done")
    body.begin("group")
    body.do("%i = phi i64 [ 0, %entry ], [ %i.next, %sums ]")
    starts = [_row(body, k, last) for k in range(ROWS)]
    body.do(f"br i1 {body.value('icmp sgt i64 %columns, 0')}, label %block, label %sums")
    body.begin("block")
    body.do("%j = phi i64 [ 0, %group ], [ %j.next, %block ]")
    for k in range(ROWS):
        body.do(f"%sum{k} = phi {kind} [ zeroinitializer, %group ], [ %next{k}, %block ]")
    here = masks.within(body, lanes, masks.numbers(body, lanes, "%j"), "%columns")
    x = _entries(body, "%x", here)
    for k, start in enumerate(starts):
        product = body.value(f"fmul contract {kind} {_entries(body, start, here)}, {x}")
        body.do(f"%next{k} = fadd reassoc contract {kind} %sum{k}, {product}")
    body.do(f"%j.next = add nuw nsw i64 %j, {lanes.count}")
    body.do(f"br i1 {body.value('icmp slt i64 %j.next, %columns')}, label %block, label %sums")
    body.begin("sums")
    sums = [body.value(f"phi {kind} [ zeroinitializer, %group ], [ %next{k}, %block ]") for k in range(ROWS)]
    _store_sums(body, _each_summed(body, lanes, sums))
    body.do(f"%i.next = add nuw nsw i64 %i, {ROWS}")
    body.do(f"br i1 {body.value('icmp slt i64 %i.next, %rows')}, label %group, label %done")
    body.begin("done")
    body.do("ret void")


def _row(body: Body, number: int, last: str) -> str:
    """The address of row i + number."""
    row = body.value(f"add nuw nsw i64 %i, {number}")
    row = body.of_integers("llvm.smin", [row, last])
    return body.value(f"getelementptr inbounds {body.real}, ptr %a, i64 {body.value(f'mul nsw i64 {row}, %columns')}")


def _entries(body: Body, start: str, mask: str) -> str:
    address = body.value(f"getelementptr inbounds {body.real}, ptr {start}, i64 %j")
    return masks.load(body, width(body.real), body.real, address, mask)


def _each_summed(body: Body, lanes: Lanes, vectors: list[str]) -> str:
    """The sums of four vectors in one vector of four: runs of neighbours are added, then halves."""
    real, count = body.real, lanes.count
    for step in (1, 2):
        kind = Lanes(count).type(real)
        order = [lane + k for run in range(0, count, 2 * step) for lane in (run, count + run) for k in range(step)]
        shifted = [lane + step for lane in order]
        added = []
        for a, b in zip(vectors[::2], vectors[1::2], strict=True):
            even, odd = (masks.shuffled(body, lanes, real, a, b, places) for places in (order, shifted))
            added.append(body.value(f"fadd reassoc {kind} {even}, {odd}"))
        vectors = added
    (total,) = vectors
    while count > ROWS:
        half = count // 2
        low, high = (masks.shuffled(body, Lanes(count), real, total, total, range(k, k + half)) for k in (0, half))
        total = body.value(f"fadd reassoc {Lanes(half).type(real)} {low}, {high}")
        count = half
    return total


def _store_sums(body: Body, sums: str) -> None:
    group = Lanes(ROWS)
    here = masks.within(body, group, masks.numbers(body, group, "%i"), "%rows")
    masks.store(body, group, body.real, sums, body.value(f"getelementptr inbounds {body.real}, ptr %y, i64 %i"), here)
