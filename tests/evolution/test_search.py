"""A search: what it finds, that its seed fixes it, and that nothing is lost."""

from __future__ import annotations

import ast
import subprocess
import sys
import threading
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import optgen
from optgen.diagnostics import SpecError
from optgen.evolution import bound, found, target
from optgen.evolution.epochs import Setting

QUICK = {"evaluations": 130_000, "largest": 5}
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def front():
    return optgen.search("2^x", (0, 1), seed=1, **QUICK)


def test_more_operations_mean_a_smaller_proved_error(front):
    bounds = [p.bound for p in front]
    assert bounds == sorted(bounds, reverse=True) and [p.operations for p in front] == [1, 2, 3, 4, 5]


def test_a_short_search_is_ahead_of_approximation_theory(front):
    classical = front.baseline()
    for p in front[2:]:
        assert p.bound < 1.01 * classical[p.operations].error
    assert front.at(5).bound < 0.5 * classical[5].error


def test_the_proved_bound_holds_everywhere_and_is_tight(front):
    for p in front:
        x = np.random.default_rng(0).uniform(0, 1, 2000)
        seen = np.abs(p.evaluate(x) / 2**x - 1).max()
        assert 0.97 * p.bound < seen <= p.bound * (1 + 1e-9)


def test_the_seed_fixes_a_search_whatever_the_workers(front):
    again = optgen.search("2^x", (0, 1), seed=1, workers=1, **QUICK)
    assert [p.steps for p in again] == [p.steps for p in front]
    other = optgen.search("2^x", (0, 1), seed=2, **QUICK)
    assert [p.steps for p in other] != [p.steps for p in front]


def test_programs_may_be_longer_on_the_way_where_few_operations_are_asked_for():
    nothing = (np.empty(0),) * 3
    grown = {largest: Setting(largest, (0,), nothing, nothing).grown for largest in (1, 5, 8, 10, 12)}
    assert grown == {1: 4, 5: 8, 8: 10, 10: 10, 12: 12}


def test_a_search_runs_in_a_thread_and_tells_its_progress():
    seen, fronts = [], []
    task = threading.Thread(
        target=lambda: fronts.append(optgen.search("exp(-x)", (0, 1), evaluations=70_000, largest=4, watch=seen.append))
    )
    task.start()
    task.join()
    assert fronts[0] and seen[-1].fits >= 70_000 and seen[-1].errors[2] < 1e-2


def test_a_search_that_is_taken_up_finds_what_an_uninterrupted_one_finds(tmp_path, front):
    file = tmp_path / "search.npz"
    optgen.search("2^x", (0, 1), seed=1, evaluations=40_000, largest=5, checkpoint=file)
    resumed = optgen.search("2^x", (0, 1), seed=1, checkpoint=file, resume=True, **QUICK)
    assert [p.steps for p in resumed] == [p.steps for p in front] and resumed.epochs == front.epochs


def test_a_checkpoint_of_another_search_is_refused(tmp_path):
    file = tmp_path / "search.npz"
    optgen.search("2^x", (0, 1), seed=1, evaluations=1000, largest=3, checkpoint=file)
    with pytest.raises(SpecError, match="differs in seed"):
        optgen.search("2^x", (0, 1), seed=2, evaluations=1000, largest=3, checkpoint=file, resume=True)
    with pytest.raises(SpecError, match="differs in target"):
        optgen.search("3^x", (0, 1), seed=1, evaluations=1000, largest=3, checkpoint=file, resume=True)
    file.write_bytes(b"something else")
    with pytest.raises(SpecError, match="is not a checkpoint"):
        optgen.search("2^x", (0, 1), seed=1, evaluations=1000, largest=3, checkpoint=file, resume=True)


REALS = "optgen.search('2^x', (0, 1), seed=5, evaluations=150_000, largest=5, {})"
FLOATS = "optgen.search('exp2', (0, 1), on='float32', seed=5, evaluations=300_000, {})"


def killed_again_and_again(tmp_path: Path, kills: int, search: str) -> None:
    """A search in a process of its own, killed at odd moments and taken up, ends as one that was left alone."""
    script = tmp_path / "search.py"
    script.write_text(
        "import optgen, optgen.evolution.course as s, pathlib, sys\n"
        "s.SAVED = 0.0\n"
        "place = pathlib.Path(sys.argv[1])\n"
        f"{search.format('checkpoint=place, resume=place.exists()')}\n"
    )
    killed, alone = tmp_path / "killed.npz", tmp_path / "alone.npz"
    settings: dict[str, Any] = {"cwd": ROOT, "env": {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}}
    rng = np.random.default_rng(3)
    for _ in range(kills):
        child = subprocess.Popen([sys.executable, str(script), str(killed)], **settings)
        waited, patience = time.monotonic(), rng.uniform(1.5, 4)
        while child.poll() is None and time.monotonic() - waited < patience:
            time.sleep(0.01)
        child.kill()
        child.wait()
        if killed.exists():
            with np.load(killed, allow_pickle=False) as kept:
                assert "about" in kept.files
    for file in (killed, alone):
        subprocess.run([sys.executable, str(script), str(file)], **settings, check=True)
    with np.load(killed, allow_pickle=False) as one, np.load(alone, allow_pickle=False) as other:
        assert one.files == other.files and len(one.files) > 8
        for name in one.files:
            np.testing.assert_array_equal(one[name], other[name])


def test_a_killed_search_loses_no_find(tmp_path):
    killed_again_and_again(tmp_path, 2, REALS)


@pytest.mark.slow
def test_twenty_kills_lose_no_find(tmp_path):
    killed_again_and_again(tmp_path, 20, REALS)


@pytest.mark.slow
def test_a_killed_search_in_float32_loses_no_find(tmp_path):
    killed_again_and_again(tmp_path, 6, FLOATS)


def test_ctrl_c_ends_a_search_with_what_was_found(monkeypatch):
    def press(progress):
        if progress.epoch == 2:
            raise KeyboardInterrupt

    front = optgen.search("2^x", (0, 1), seed=1, evaluations=10**9, largest=4, watch=press)
    assert front.interrupted and front.epochs == 2 and front.at(4).bound < 1e-3


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("1/x", (-1, 1)), "1/x is not finite near x = "),
        (("log(x - 2)", (0, 1)), "is not finite near"),
        (("sqrt(x)*exp(x)", "(0, 1]"), "is not smooth at x = 0"),
        (("exp(x)", (1, 1)), "the domain from 1 to 1 is empty"),
        (("exp(x)", (2, 1)), "is empty"),
        (("exp(x)", ("0", "inf")), "the ends of the domain must be finite numbers"),
        (("exp(x)", "0 .. 1"), "is no interval"),
        (("exp(x)", ("0", "y")), "y in the domain has no value"),
        (("x^y", (0, 1)), "2 free names"),
        (("exp(x)", (0, 1), ("add", "cosh")), "there is no operation cosh"),
        (("exp(x)", (0, 1), ("add",), -3.0), "budget is -3.0"),
        (("exp(x)", (0, 1), ("add",), 1.0, None, 0, 0), "workers is 0"),
    ],
)
def test_a_search_that_cannot_succeed_is_refused_before_it_starts(arguments, sentence):
    with pytest.raises(SpecError, match=sentence.replace("(", r"\(")):
        optgen.search(*arguments)


def test_errors_are_absolute_where_the_target_vanishes_inside_its_domain():
    assert optgen.search("sin(x)", (-1, 1), evaluations=1000, largest=2).measure == "absolute"
    assert optgen.search("sin(x)", "(0, 1]", evaluations=1000, largest=2).measure == "relative"


def test_a_search_block_says_what_a_call_says():
    spec = optgen.parse(
        "search powers\n  target 2^x\n  domain x in [0, 1]\n  operations add, mul, div\n"
        "  budget 20000 evaluations, seed 4\n"
    )
    block = optgen.search(spec, largest=4)
    call = optgen.search("2^x", (0, 1), ("add", "mul", "div"), evaluations=20_000, seed=4, largest=4)
    assert [p.steps for p in block] == [p.steps for p in call]


def test_the_engine_sees_no_target():
    """Same moves, weights and start for all: the parts that evolve import nothing that knows a function."""
    folder = Path(found.__file__).parent
    engine = ("machine", "fit", "flow", "scaling", "moves", "island")
    for part in (*engine, "epochs"):
        for node in ast.walk(ast.parse((folder / f"{part}.py").read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("optgen"):
                assert node.module.rsplit(".", 1)[1] in engine, node.module


def aim(text: str, low=0, high=1) -> target.Target:
    from optgen.language.parser import parse_expression
    from optgen.searching import _aim, _interval

    return target.checked(_aim(parse_expression(text), *_interval((low, high))))


def program(*steps, error: float) -> found.Found:
    return found.Found(tuple(found.Step(*step) for step in steps), "", (0.0, 1.0), "relative", error)


def test_a_bound_is_refused_for_a_program_with_a_pole_in_the_domain():
    half = Fraction(1, 2)
    pole = program(("sub", "x", half), ("div", half, 0), error=1.0)
    assert bound.proven_error(pole, aim("2^x")) is None


def test_a_bound_sees_a_changed_constant(front):
    p = front.at(5)
    for place, constant in enumerate(p.constants):
        changed = list(p.constants)
        changed[place] = constant * Fraction(1001, 1000)
        worse = p.with_constants(changed)
        assert bound.proven_error(worse, aim("2^x")) is None  # no longer within a share of p.error


def test_a_bound_is_not_taken_from_a_box_on_which_the_target_may_vanish():
    """Over all of [1/10, 1] the enclosure of the target holds 0, and the quotient by it would be negative."""
    p = program(("mul", "x", "x"), ("add", 0, Fraction(57, 10)), error=50.0)
    x = np.linspace(0.1, 1, 1000)
    values = np.sqrt(2 / (np.pi * x)) * np.sinh(x)
    proved = bound.proven_error(p, aim("sqrt(2/(pi*x))*sinh(x)", "1/10", 1))
    assert proved is not None and proved >= np.abs((x**2 + 5.7) / values - 1).max()


def test_a_factor_that_cancels_is_no_pole():
    """1/(2/x + x) is 0 at 0, over the reals by its limit, in floats by way of infinity."""
    p = program(("div", Fraction(2), "x"), ("add", 0, "x"), ("div", Fraction(1), 1), ("add", 2, Fraction(1)), error=2.0)
    assert p.evaluate(0.0) == 1.0
    assert bound.proven_error(p, aim("2^x")) is not None
