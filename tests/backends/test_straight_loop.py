"""Machine code of straight-line programs has the bits of their meaning, whatever the strides, lengths and places."""

import numpy as np
import pytest

from optgen.backends.llvm.straight import bounds, definition
from optgen.backends.llvm.straight_loop import compile_loop, loop_module
from optgen.ir.straight import evaluate
from optgen.ir.straight_builder import Builder
from optgen.ir.straight_operations import CONVERSIONS, NUMPY, STRAIGHT_OPERATIONS, TYPES, WIDTH

SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, -2.5, np.inf, -np.inf, np.nan, 1e-45, -1e-40, 3.4e38, -3.4e38, 7.75e9]


def program():
    """A plain case, a table, bits: a little of all."""
    b = Builder("f")
    x = b.parameter("x", "f32")
    k = b.apply("shift_right", b.apply("bits", x), 23) & 7
    y = b.fma(x, b.table("c", "f32", range(1, 9), k + 1), 0.25)
    return b.finish(b.select(abs(x) < 4.0, y, b.select(x < 0.0, -x, 9.0 + x)), plain=(abs(x) < 4.0, y))


def numbers(type, count, seed=0):
    random = np.random.default_rng(seed)
    if type in ("f32", "f64"):
        made = random.integers(0, 2 ** WIDTH[type], count, f"uint{WIDTH[type]}").view(NUMPY[type])
        made[: len(SPECIAL)] = SPECIAL
        return made
    if type == "bool":
        return random.integers(0, 2, count).astype(bool)
    made = random.integers(-(2 ** (WIDTH[type] - 1)), 2 ** (WIDTH[type] - 1), count, NUMPY[type])
    made[: count // 2] %= 40
    return made


def bits_equal(a, b):
    assert a.dtype == b.dtype
    unsigned = f"uint{8 * a.dtype.itemsize}"
    both = np.isnan(a) & np.isnan(b) if a.dtype.kind == "f" else np.zeros(a.shape, bool)
    return bool(((a.view(unsigned) == b.view(unsigned)) | both).all())


CASES = [
    (name, types)
    for name, operation in STRAIGHT_OPERATIONS.items()
    for count in (1, 2, 3)
    for types in [(t,) * count for t in TYPES] + [("bool", t, t) for t in TYPES if count == 3 and t != "bool"]
    if operation.rule(types) is not None
] + [(target, (source,)) for source, target in CONVERSIONS if source != "bool"]


@pytest.mark.parametrize(("name", "types"), sorted(set(CASES)), ids=lambda v: v if isinstance(v, str) else "-".join(v))
def test_every_operation_has_the_bits_of_its_meaning(name, types):
    b = Builder("f")
    loaded = []
    for place, type in enumerate(types):
        loaded.append(b.parameter(f"x{place}", "i32" if type == "bool" else type))
    conditions = [b.apply("lt", x, 0) if type == "bool" else x for x, type in zip(loaded, types, strict=True)]
    made = b.apply(name, *conditions)
    made = b.apply("i32", made) if made.type == "bool" else made
    f = b.finish(made)
    given = [numbers(type, 200, place) for place, (_, type) in enumerate(f.parameters)]
    out = np.empty(200, NUMPY[f.type])
    compile_loop(f)(given, out)
    assert bits_equal(out, evaluate(f, given))


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 63, 64, 65, 66, 130, 1000])
@pytest.mark.parametrize("offset", [0, 1, 5])
def test_any_length_at_any_place_and_nothing_beside_it(loop, count, offset):
    x = numbers("f32", 1100)[offset : offset + count]
    out = np.full(1200, 7, np.float32)
    loop([x], out[offset : offset + count])
    assert bits_equal(out[offset : offset + count], evaluate(loop.program, [x]))
    assert (out[:offset] == 7).all() and (out[offset + count :] == 7).all()


@pytest.fixture(scope="module")
def loop():
    return compile_loop(program())


@pytest.mark.parametrize("step", [-1, 2, 3])
def test_strides(loop, step):
    x = numbers("f32", 999)[::step]
    out = np.full(3 * len(x), 7, np.float32)
    loop([x], out[::3])
    assert bits_equal(out[::3], evaluate(loop.program, [x]))
    assert (out[1::3] == 7).all()


def test_in_place(loop):
    x = numbers("f32", 777)
    expected = evaluate(loop.program, [x])
    loop([x], x)
    assert bits_equal(x, expected)


def test_past_the_caches():
    streaming = compile_loop(program(), stream=0)
    for offset in (0, 1):
        x = numbers("f32", 5000)[offset:]
        out = np.empty(5001, np.float32)[offset : offset + len(x)]
        assert bits_equal(streaming([x], out), evaluate(streaming.program, [x]))


def test_two_arguments_of_which_one_may_be_a_number():
    b = Builder("f")
    x, y = b.parameter("x", "f64"), b.parameter("y", "f64")
    f = compile_loop(b.finish(x / y))
    a, c = numbers("f64", 500), numbers("f64", 500, 1)
    out = np.empty(500)
    assert bits_equal(f([a, c], out), evaluate(f.program, [a, c]))
    assert bits_equal(f([a, c[:1]], out), evaluate(f.program, [a, c[:1]]))
    assert bits_equal(f([a[3:4], c], out), evaluate(f.program, [a[3:4], c]))


def test_an_index_shown_to_be_inside_is_not_clamped():
    assert "smax" not in loop_module(program(), "f")
    b = Builder("f")
    x = b.parameter("x", "f32")
    wild = b.finish(b.table("c", "f32", [1.0, 2.0], b.apply("i32", x)))
    assert "smax" in definition(wild, "f")
    given = numbers("f32", 300)
    assert bits_equal(compile_loop(wild)([given], np.empty(300, np.float32)), evaluate(wild, [given]))


def test_bounds_of_an_index():
    b = Builder("f")
    x = b.parameter("x", "i32")
    k = b.apply("shift_right_zero", x, 28) + 1
    f = b.finish(k)
    assert bounds(f, f.result) == (1, 16)


def test_code_is_neither_contracted_nor_reordered():
    assert " fast " not in loop_module(program(), "f")
    b = Builder("f")
    x, y = b.parameter("x", "f32"), b.parameter("y", "f32")
    f = b.finish(x * x - y)
    a, c = numbers("f32", 4000), numbers("f32", 4000, 1)
    a = np.where(np.isfinite(a) & (abs(a) < 1e10) & (abs(a) > 1e-10), a, np.float32(1 / 3))
    c = (a * a).astype(np.float32)
    assert (compile_loop(f)([a, c], np.empty_like(a)) == 0).all()
