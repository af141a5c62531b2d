"""Searches in float32: programs as arrays have the bits of the IR, moves keep types, a search repeats and improves."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import optgen
from optgen.cli.group import cli
from optgen.diagnostics import SpecError
from optgen.evolution.hardware import island, kinds, machine, moves, normal, programs, setting
from optgen.evolution.hardware.fit import fit, fit_tables, slots, tangent
from optgen.evolution.hardware.points import values
from optgen.evolution.machine import CONSTANT
from optgen.functions.certificate import Claim, known
from optgen.functions.request import Accuracy, Domain
from optgen.ir.straight import Straight, evaluate
from optgen.ir.straight_builder import Builder

HARDWARE = Path(optgen.__file__).parent / "evolution" / "hardware"
KEPT = ("exp", "exp2", "log", "log2", "sigmoid", "tanh", "erf", "softplus")


def shipped(name: str) -> Straight:
    return getattr(optgen.functions, name).programs["float32"]


def bits(values):
    return np.ascontiguousarray(values, np.float32).view(np.uint32)


def run(program, x):
    floats = machine.workspace(len(x))
    machine.evaluate(program, 0, x, floats)
    return floats[program.n[0] - 1].copy()


def mutants(name: str, count: int, seed: int):
    """Programs after more and more moves from a shipped one."""
    state = np.array([seed], np.uint64)
    parent = programs.to_arrays(shipped(name))
    while count:
        child = machine.empty()
        machine.copy(parent, child)
        if moves.change(child, state) and normal.tidy(child) and child.n[0] > 0:
            parent, count = child, count - 1
            yield child


ARGUMENTS = np.concatenate([
    np.random.default_rng(0).uniform(-30, 30, 300).astype(np.float32),
    np.random.default_rng(1).integers(0, 1 << 32, 300, dtype=np.uint64).astype(np.uint32).view(np.float32),
    np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, 3.4e38], np.float32),
])  # fmt: skip


def same_bits(got, wanted):
    """Equal bits, or NaN in both: which NaN an operation gives is the processor's."""
    return np.all((bits(got) == bits(wanted)) | (np.isnan(got) & np.isnan(wanted)))


@pytest.mark.parametrize("name", KEPT)
def test_a_shipped_program_in_arrays_has_its_bits(name):
    straight = shipped(name)
    origin = programs.Origin(straight)
    x = ARGUMENTS[origin.plain(ARGUMENTS)]
    assert same_bits(run(programs.to_arrays(straight), x), evaluate(straight, (x,)))


@pytest.mark.parametrize("name", ["exp2", "log2", "tanh"])
def test_a_program_put_back_in_its_place_changes_nothing(name):
    straight = shipped(name)
    again = programs.Origin(straight).with_plain(programs.to_arrays(straight))
    assert same_bits(evaluate(again, (ARGUMENTS,)), evaluate(straight, (ARGUMENTS,)))
    if straight.plain is not None:
        holds, cheap = evaluate(again, (ARGUMENTS,), plain=True)
        assert same_bits(cheap[holds], evaluate(again, (ARGUMENTS,))[holds])


@pytest.mark.parametrize("name", ["exp", "log2", "sigmoid", "tanh"])
def test_whatever_moves_make_has_the_bits_of_the_ir(name):
    for program in mutants(name, 60, seed=5):
        straight = programs.Origin(programs.simplest()).with_plain(program)
        wanted = evaluate(straight, (ARGUMENTS,))
        got = run(program, ARGUMENTS)
        integers = any(kinds.KINDS[kind].gives != "f" for kind in program.kind[: program.n[0]])
        defined = ~np.isnan(ARGUMENTS) if integers else slice(None)  # the bits of a NaN are the processor's
        agree = (bits(got) == bits(wanted)) | (np.isnan(got) & np.isnan(wanted))
        assert np.mean(agree[defined]) > 0.97 and np.all(agree[:300] | np.isnan(wanted[:300]))


def test_the_normal_form_forgets_sides():
    def program(swapped: bool) -> machine.Program:
        b = Builder("f")
        x = b.parameter("x", "f32")
        y = x * x
        return programs.to_arrays(b.finish(y + x if swapped else x + y))

    first, second = program(False), program(True)
    assert normal.structure(first) == normal.structure(second) != normal.structure(programs.to_arrays(shipped("exp2")))


def test_an_addition_costs_less_than_a_product_with_one():
    b = Builder("f")
    x = b.parameter("x", "f32")
    fused = programs.to_arrays(b.finish(b.fma(x, 1.0, 3.0)))
    b = Builder("f")
    added = programs.to_arrays(b.finish(b.parameter("x", "f32") + 3.0))
    assert normal.cost(added) < normal.cost(fused) < normal.cost(programs.to_arrays(shipped("exp2")))


def test_a_table_whose_index_may_leave_it_is_dear():
    tables = programs.to_arrays(shipped("tanh"))
    inside = normal.cost(tables)
    masks = [i for i in range(tables.n[0]) if tables.kind[i] == kinds.AND]
    for i in masks:
        tables.kind[i] = kinds.OR
    gathering, dearest = kinds.WEIGHTS[kinds.GATHERING], max(kinds.WEIGHTS[: kinds.GATHERING])
    assert normal.cost(tables) >= inside + gathering - dearest


def cube_points():
    claim = Claim(optgen.elementwise._meaning(optgen.elementwise._expression("2^x")), Accuracy(), Domain(0.0, 1.0))
    reality = known(claim)
    x = np.random.default_rng(3).uniform(0.01, 0.99, 256).astype(np.float32)
    return values(reality.blocks, x)


def test_exact_values_are_those_of_the_reference():
    x, truth, unit = cube_points()
    assert np.allclose(truth, 2.0 ** x.astype(float), rtol=1e-13)
    assert np.array_equal(unit, np.spacing(truth.astype(np.float32)).astype(float))


def polynomial(degree: int, shift: float = 0.0) -> machine.Program:
    b = Builder("f")
    x = b.parameter("x", "f32")
    numbers = [1.0001, 0.6931, 0.2402, 0.0555, 0.00962, 0.00133, 0.000154]
    return programs.to_arrays(b.finish(b.horner(x, [c + shift * c for c in numbers[: degree + 1]])))


def test_tangents_are_derivatives():
    x, _, _ = cube_points()
    program = polynomial(4)
    places = np.empty(8, np.int64)
    count = slots(program, places)
    assert count == 5
    floats, rows = machine.workspace(len(x)), np.zeros((machine.LIMIT + 1, len(x)))
    machine.evaluate(program, 0, x, floats)
    exact = {0: 4, 1: 3, 2: 2, 3: 1, 4: 0}
    for number in range(count):
        tangent(program, places[number], x, floats, rows)
        assert np.allclose(rows[program.n[0] - 1], x.astype(float) ** exact[number], rtol=1e-6, atol=1e-6)


def test_a_fit_finds_the_constants_of_a_polynomial():
    x, truth, unit = cube_points()
    program = polynomial(6, shift=0.02)
    before, _ = machine.largest_error(run(program, x), truth, unit)
    rows = np.zeros((machine.LIMIT + 1, len(x)))
    after = fit(program, x, truth, unit, 8, machine.workspace(len(x)), rows)
    assert before > 1e4 and after < 2.5
    assert after == machine.largest_error(run(program, x), truth, unit)[0]


STARTS = sorted((Path(optgen.__file__).parent.parent / "specs" / "functions" / "starts").glob("*.opt"))


def start(path: Path) -> Straight:
    return optgen.elementwise._programs(optgen.load(path).file.groups("function")[0])[0]


def by_table() -> machine.Program:
    return programs.to_arrays(start(next(path for path in STARTS if path.stem == "exp2_by_table")))


def test_a_packed_table_gives_the_same_bits_by_one_operation_less():
    program, state = by_table(), np.array([3], np.uint64)
    before, cost = run(program, ARGUMENTS[:300]), normal.cost(program)
    assert moves.pack(program, state) and normal.tidy(program)
    assert same_bits(run(program, ARGUMENTS[:300]), before) and normal.cost(program) < cost
    assert not moves.pack(program, state)


def test_a_rescaled_table_is_made_up_for_by_the_other_constants():
    x, truth, unit = cube_points()
    program, state = by_table(), np.array([5], np.uint64)
    rows, floats = np.zeros((machine.LIMIT + 1, len(x))), machine.workspace(len(x))
    assert moves.rescale(program, state)
    scaled, _ = machine.largest_error(run(program, x), truth, unit)
    fit(program, x, truth, unit, 7, floats, rows)
    fit_tables(program, x, truth, unit, floats, rows)
    assert fit(program, x, truth, unit, 7, floats, rows) < 1.5 < 100 < scaled


@pytest.mark.parametrize("path", STARTS, ids=lambda path: path.stem)
def test_a_start_is_nearly_what_it_says(path):
    program = start(path)
    x = np.random.default_rng(8).uniform(-5, 5, 500).astype(np.float32)
    spec = optgen.load(path).file.groups("function")[0]
    value = spec.value or spec.lines("value")[0].expr
    exact = optgen.function(value.span.text, ulp=1)(x)
    assert np.all(np.abs(evaluate(program, (x,)) - exact) <= 3 * np.spacing(np.abs(exact)))


@pytest.fixture
def small(monkeypatch):
    """Epochs that take no time."""
    monkeypatch.setattr(setting, "CHILDREN", 400)
    monkeypatch.setattr("optgen.evolution.hardware.search.POOL", 1 << 13)


def test_a_search_repeats_and_is_taken_up(small, tmp_path):
    file = tmp_path / "search.npz"
    whole = found("exp2", 6 * 3200)
    found("exp2", 3 * 3200, checkpoint=file)
    resumed = found("exp2", 6 * 3200, checkpoint=file, resume=True)
    assert whole == resumed
    with pytest.raises(SpecError, match="another search: it differs in start"):
        found("exp2", 6 * 3200, checkpoint=file, resume=True, start="exp")


def found(target, evaluations, **options):
    """Errors by cost at the end of a search: all that time has no part in."""
    seen = []
    optgen.search(target, (0, 1), on="float32", evaluations=evaluations, watch=seen.append, **options)
    return seen[-1].errors


def test_from_nothing_errors_fall(small):
    errors = []
    front = optgen.search("2^x", (0, 1), on="float32", start="nothing", evaluations=20 * 3200, seed=2,
                          watch=lambda progress: errors.append(min(progress.errors)))  # fmt: skip
    assert errors[-1] < 0.05 * errors[0]
    assert front.seed == 2 and front.measure == "ulp"


def test_a_find_is_a_spec_with_a_certificate_of_every_argument(small, tmp_path):
    front = optgen.search("exp2", (0.5, 1), on="float32", start="exp2", evaluations=8 * 3200, ulp=2)
    best = front.best()
    assert best is not None and best.time.ratio > 0
    paths = front.write(tmp_path)
    assert [path.name for path in paths] == ["exp2.opt", "exp2.json"]
    text = paths[0].read_text(encoding="utf-8")
    assert "found by: optgen search exp2 --on float32" in text and "accuracy 2 ulp" in text
    group = optgen.load(paths[0]).file.groups("function")[0]
    program = optgen.elementwise._programs(group)[0]
    assert program.digest in paths[1].read_text(encoding="utf-8") and '"verdict": "proved"' in paths[1].read_text()


def test_the_command_prints_the_front_and_writes_the_find(small, tmp_path):
    command = ["search", "exp2", "--on", "float32", "--start", "exp2", "--domain", "0.5", "1", "--evaluations", "6400"]
    ran = CliRunner().invoke(cli, [*command, "--plot", str(tmp_path / "front.png"), "-o", str(tmp_path)])
    assert ran.exit_code == 0 and "the function takes" in ran.output and "of the baseline's time" in ran.output
    assert {path.name for path in tmp_path.iterdir()} == {"front.png", "exp2.opt", "exp2.json"}


def test_a_block_asks_for_time(small):
    spec = optgen.parse(
        "search fast\n  target 2^x\n  domain x in [0, 1]\n  objective ulp, time\n  budget 3200 evaluations, seed 4\n"
    )
    front = optgen.search(spec, start="exp2")
    assert front.measure == "ulp" and front.seed == 4


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"target": "(x, y) -> x*y"}, "one argument, not 2"),
        ({"target": "exp2", "ops": ("add",)}, "operations of its own"),
        ({"target": "exp2", "on": "paper"}, "no search on paper"),
        ({"target": "exp2", "domain": (1, 1)}, "no float32"),
        ({"target": "exp2", "budget": -1.0}, "budget is -1.0"),
        ({"target": "sin", "start": "exp2"}, "needs a domain"),
        ({"target": "exp2", "start": "sin"}, "can't begin from"),
    ],
)
def test_a_search_that_cannot_succeed_is_refused(options, sentence):
    with pytest.raises(SpecError, match=sentence):
        optgen.search(**{"on": "float32", "evaluations": 10, **options})


def test_the_engine_knows_no_target():
    engine = {"kinds", "machine", "fit", "moves", "normal", "island"}
    for part in engine:
        for node in ast.walk(ast.parse((HARDWARE / f"{part}.py").read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("optgen"):
                assert node.module.rsplit(".", 1)[1] in {*engine, "hardware"}, node.module


def test_an_archive_keeps_the_best_of_a_cost():
    made = island.new_island(120, 1, 8)
    program = programs.to_arrays(shipped("exp2"))
    assert island.keep(made, program, 90, 2.0, np.uint64(8))
    assert not island.keep(made, program, 90, 2.5, np.uint64(8))
    assert island.keep(made, program, 90, 1.0, np.uint64(16))
    assert list(made.errors[90, :3]) == [1.0, 2.0, np.inf]
    assert island.at(made, 90, 1).n[0] == program.n[0] and CONSTANT in program.argument
