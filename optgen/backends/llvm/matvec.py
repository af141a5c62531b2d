"""The product of a matrix and a vector as a function of a module.

`name(a, x, y, rows, columns)` goes over four rows at once, so that their sums do not wait for each other and x is read
once for four rows.  For matrices that come from memory it goes over eight, for memory is read faster in more streams,
and by blocks that begin where a cache line of the first row does.
"""

from __future__ import annotations

from optgen.backends.llvm import masks
from optgen.backends.llvm.body import Body
from optgen.backends.llvm.lanes import BYTES, Lanes, width

ROWS = 4
STREAMS = 8


def matvec(real: str, name: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """The text of the function, the routines it uses (none), its declarations."""
    body = Body(real)
    _groups(body)
    head = f"define internal void @{name}(ptr noalias %a, ptr noalias %x, ptr noalias %y, i64 %rows, i64 %columns)"
    lines = [f'{head} noinline nounwind "prefer-vector-width"="512" {{', "entry:", *body.lines, "}", ""]
    return "\n".join(lines), (), tuple(sorted(body.externals))


def large_matvec(real: str, name: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """The same for a matrix that comes from memory."""
    body = Body(real)
    _streams(body)
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
    here = len(body.lines)
    inside = masks.within(body, lanes, "%j", "%columns")
    more = _products(body, lanes, [*starts, "%x"], "%j", inside, [f"%sum{k}" for k in range(ROWS)])
    pairs = [f"phi {kind} [ zeroinitializer, %group ], [ {one}, %block ]" for one in more]
    body.lines[here:here] = [f"  %sum{k} = {pair}" for k, pair in enumerate(pairs)]
    body.do(f"%j.next = add nuw nsw i64 %j, {lanes.count}")
    body.do(f"br i1 {body.value('icmp slt i64 %j.next, %columns')}, label %block, label %sums")
    body.begin("sums")
    _store_sums(body, _each_summed(body, lanes, [body.value(pair) for pair in pairs]), "%i")
    body.do(f"%i.next = add nuw nsw i64 %i, {ROWS}")
    body.do(f"br i1 {body.value('icmp slt i64 %i.next, %rows')}, label %group, label %done")
    body.begin("done")
    body.do("ret void")


def _streams(body: Body) -> None:
    """Rows i .. i + 7: a masked block up to a cache line, whole blocks, a masked block.

    Columns are counted from `%skip` before the first, so that a multiple of the lanes is a cache line.
    """
    lanes = width(body.real)
    kind = lanes.type(body.real)
    last = body.value("sub nsw i64 %rows, 1")
    body.do(f"br i1 {body.value('icmp sgt i64 %rows, 0')}, label %group, label %done")
    body.begin("group")
    body.do("%i = phi i64 [ 0, %entry ], [ %i.next, %rest ]")
    starts = [_row(body, k, last) for k in range(STREAMS)]
    over = body.value(f"and i64 {body.value(f'ptrtoint ptr {starts[0]} to i64')}, {BYTES - 1}")
    skip = body.value(f"udiv i64 {over}, {BYTES // lanes.count}")
    back = body.value(f"sub i64 0, {skip}")
    starts = [body.value(f"getelementptr {body.real}, ptr {start}, i64 {back}") for start in (*starts, "%x")]
    end = body.value(f"add i64 %columns, {skip}")
    first = masks.numbers(body, lanes, "0")
    beyond = body.value(f"icmp sge {lanes.type('i64')} {first}, {masks.splat(body, lanes, 'i64', skip)}")
    inside = body.value(f"and {lanes.type('i1')} {beyond}, {masks.within(body, lanes, '0', end)}")
    sums = _products(body, lanes, starts, "0", inside, [])
    whole = body.value(f"and i64 {end}, {-lanes.count}")
    body.do(f"br i1 {body.value(f'icmp sgt i64 {whole}, {lanes.count}')}, label %block, label %rest")
    body.begin("block")
    body.do(f"%j = phi i64 [ {lanes.count}, %group ], [ %j.next, %block ]")
    here = len(body.lines)
    more = _products(body, lanes, starts, "%j", "", [f"%sum{k}" for k in range(STREAMS)])
    pairs = [f"phi {kind} [ {one}, %group ], [ {two}, %block ]" for one, two in zip(sums, more, strict=True)]
    body.lines[here:here] = [f"  %sum{k} = {pair}" for k, pair in enumerate(pairs)]
    body.do(f"%j.next = add nuw nsw i64 %j, {lanes.count}")
    body.do(f"br i1 {body.value(f'icmp slt i64 %j.next, {whole}')}, label %block, label %rest")
    body.begin("rest")
    sums = [body.value(pair) for pair in pairs]
    left = body.of_integers("llvm.smax", [whole, str(lanes.count)])
    inside = masks.within(body, lanes, left, end)
    sums = _products(body, lanes, starts, left, inside, sums)
    for k in range(0, STREAMS, ROWS):
        row = body.value(f"add nuw nsw i64 %i, {k}")
        _store_sums(body, _each_summed(body, lanes, sums[k : k + ROWS]), row)
    body.do(f"%i.next = add nuw nsw i64 %i, {STREAMS}")
    body.do(f"br i1 {body.value('icmp slt i64 %i.next, %rows')}, label %group, label %done")
    body.begin("done")
    body.do("ret void")


def _products(body: Body, lanes: Lanes, starts: list[str], place: str, mask: str, sums: list[str]) -> list[str]:
    """A block of each row times that of x, the last of the starts, added to sums if there are any."""
    kind = lanes.type(body.real)
    *rows, x = (
        masks.load(body, lanes, body.real, body.value(f"getelementptr {body.real}, ptr {start}, i64 {place}"), mask)
        for start in starts
    )
    products = [body.value(f"fmul contract {kind} {row}, {x}") for row in rows]
    return [
        body.value(f"fadd reassoc contract {kind} {total}, {product}")
        for total, product in zip(sums or ["zeroinitializer"] * len(rows), products, strict=True)
    ]


def _row(body: Body, number: int, last: str) -> str:
    """The address of row i + number."""
    row = body.value(f"add nuw nsw i64 %i, {number}")
    row = body.of_integers("llvm.smin", [row, last])
    return body.value(f"getelementptr inbounds {body.real}, ptr %a, i64 {body.value(f'mul nsw i64 {row}, %columns')}")


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


def _store_sums(body: Body, sums: str, row: str) -> None:
    group = Lanes(ROWS)
    here = masks.within(body, group, row, "%rows")
    masks.store(body, group, body.real, sums, body.value(f"getelementptr {body.real}, ptr %y, i64 {row}"), here)
