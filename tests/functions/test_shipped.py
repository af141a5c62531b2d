"""The shipped functions: each has a certificate of the program that it runs, and lives in NumPy."""

from __future__ import annotations

import pickle
import random
import subprocess
from fractions import Fraction
from functools import cache

import numpy as np
import pytest

import optgen
from optgen import elementwise
from optgen.elementwise import certificate, meaning_of
from optgen.functions.certificate import Claim, prove
from optgen.functions.reference import reference
from optgen.ir.nodes import access
from optgen.shipped import double_paths, function_paths, program_paths, rounded_paths

NAMES = sorted(name for name in function_paths() if len(elementwise._shipped(name).parameters) == 1)
DOUBLES = sorted(double_paths())
PATHS = [path for name in NAMES for path in program_paths(name)]


def each_program(test):
    """One case a file: the fastest programs, and the correctly rounded ones beside them."""
    return pytest.mark.parametrize("path", PATHS, ids=lambda path: f"{path.parent.name}-{path.stem}")(test)


def shipped(path):
    """The ufunc of the program in this file."""
    ulp = float(elementwise.accuracy_of(elementwise._block(path)).amount)
    fastest = path == function_paths()[path.stem]
    return getattr(optgen.functions, path.stem) if fastest else optgen.function(path.stem, ulp=ulp)


def test_beside_a_fast_program_there_may_be_a_correctly_rounded_one():
    """Only there: a file of its own is for a function whose fastest program is another."""
    assert set(rounded_paths()) <= set(function_paths())
    for name, path in rounded_paths().items():
        fast, rounded = optgen.functions.__getattr__(name), optgen.function(f"{name}(x)", ulp=0.5)
        assert rounded is optgen.function(name, ulp=0.5) is optgen.function(f"{name}; 0.5 ulp")
        assert rounded is not fast and rounded.accuracy.amount == Fraction(1, 2) < fast.accuracy.amount
        assert fast is optgen.function(f"{name}(x)") is optgen.function(f"x -> {name}(x)", ulp=1)
        assert elementwise._programs(elementwise._block(path))[0].digest == rounded.programs["float32"].digest
        assert pickle.loads(pickle.dumps(rounded)) is rounded  # noqa: S301


def test_one_program_is_both_where_nothing_faster_ships():
    for name in set(NAMES) - set(rounded_paths()):
        promised = elementwise.accuracy_of(elementwise._shipped(name))
        if promised.amount == Fraction(1, 2):
            rounded = optgen.function(name, ulp=0.5)
            assert rounded.programs["float32"].digest == getattr(optgen.functions, name).programs["float32"].digest


@each_program
def test_the_certificate_is_of_the_program_that_runs(path):
    function, kept = shipped(path), certificate(path)
    assert kept is not None, "a program without a sweep: scripts/functions"
    assert kept["program"] == function.programs["float32"].digest, "a changed program needs a new sweep"
    assert kept["verdict"] == "proved" and kept["trust"] == "exhaustive"
    assert function.error.proved and kept["accuracy"]["amount"] == str(function.accuracy.amount)
    assert kept["accuracy"]["floor"] == function.accuracy.floor
    domain = function.domain
    assert kept["domain"] == (None if domain is None else [domain.low.hex(), domain.high.hex()])
    assert (domain is not None and domain.strict) == (kept.get("beyond") == "nan")
    if function.accuracy.amount == Fraction(1, 2):
        assert kept["not correctly rounded"] == kept["undecided"] == 0
    else:
        assert float(function.error) <= float(function.accuracy.amount)
    assert kept["meaning"] == function.expression


@cache
def commit() -> str:
    """The commit that is tested: others look at other binades."""
    made = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return made.stdout.strip()


def last_float(domain, negative):
    """The bits of the last float of one sign within a domain."""
    if domain is None:
        return 0xFFFFFFFF
    end = np.float32(-domain.low if negative else domain.high)
    return int(end.view(np.uint32)) | negative << 31


@each_program
def test_two_binades_of_its_certificate_are_found_again(path):
    kept, function, meaning = certificate(path), shipped(path), meaning_of(path.stem)
    draw = random.Random(commit() + path.stem)
    ends = 0x00800000, 0x7F7FFFFF
    keys = [int(line.split()[0], 16) for line in kept["binades"]]
    normal = [key for key in keys if ends[0] <= (key & 0xFF) << 23 <= ends[1]]
    picked = sorted(draw.sample(normal, 2))
    (argument,), ((_, result),) = meaning.parameters, meaning.results
    ranges = [(key << 23, min((key << 23) | 0x7FFFFF, last_float(function.domain, key >> 8))) for key in picked]
    against = reference(access(result), argument, ranges, ())
    findings = prove(function.programs["float32"], Claim(meaning, function.accuracy), against=against).findings
    said = dict(line.split(" ", 1) for line in kept["binades"])
    found = {f"{key:03x}": (error, wrong) for key, error, wrong in findings.binades}
    for key in picked:
        error, wrong = said[f"{key:03x}"].split()
        assert found[f"{key:03x}"][0] <= float(error) and found[f"{key:03x}"][1] == int(wrong)


def arguments(function):
    """Between 0 and 1, or between 1 and 10 for functions that begin at 1."""
    x = np.linspace(0.1, 0.9, 50, dtype="float32")
    return 1 / x if np.isnan(function(x)).all() else x


@pytest.mark.parametrize("name", NAMES)
def test_it_is_a_ufunc_under_its_name(name):
    function = getattr(optgen.functions, name)
    assert type(function) is np.ufunc and function.__name__ == name and name in dir(optgen.functions)
    assert pickle.loads(pickle.dumps(function)) is function  # noqa: S301
    assert optgen.function(name) is function
    x = arguments(function)
    with np.errstate(all="raise"):
        assert np.isfinite(function(x)).all()
        function(np.array([np.nan, np.inf, -np.inf, 0, -0.0, 1e-45, 3e38, -3e38], "float32"))


@each_program
def test_it_is_what_the_backends_compute(path):
    """Within what the expression loses in double."""
    function = shipped(path)
    x = arguments(function)
    wanted = optgen.array_code(path.stem, "numpy", "float64")(x.astype("float64"))
    error = np.abs(function(x) - wanted) / np.spacing(np.abs(wanted).astype("float32"))
    assert error.max() <= 1.001


@pytest.mark.parametrize("name", DOUBLES)
def test_the_bound_for_doubles_is_of_the_program_that_runs(name):
    function, kept = getattr(optgen.functions, name), certificate(double_paths()[name])
    assert kept is not None, "a program without a bound: scripts/functions --float64"
    assert kept["program"] == function.programs["float64"].digest, "a changed program needs a new bound"
    assert kept["verdict"] == "proved" and kept["trust"] == "interval" and not kept["wrong special inputs"]
    assert kept["meaning"] == function.expression
    assert function.error.float64 == float(kept["error at most"]) <= 1
    assert "proved by intervals" in function.__doc__


@pytest.mark.parametrize("name", DOUBLES)
def test_the_bound_for_doubles_is_found_again_at_random_places(name):
    """Another run cuts other pieces, so its bounds may differ a little from those of the certificate."""
    from optgen.functions.bounds.interval import spot_check

    function = getattr(optgen.functions, name)
    claim = elementwise.double_claim(name)
    assert spot_check(function.programs["float64"], claim, 60, seed=3).error <= 1


@pytest.mark.slow
@pytest.mark.parametrize("name", DOUBLES)
def test_a_certificate_for_doubles_is_made_again_to_the_letter(name):
    proof = getattr(optgen.functions, name).prove(dtype="float64")
    kept = double_paths()[name].with_suffix(".json").read_text(encoding="utf-8")
    assert proof.as_json() == kept


def test_what_has_no_bound_in_doubles_says_so():
    function = optgen.function("2^x", ulp=4, domain=(-20, 20))
    assert function.error.float64 == float("inf")
    assert "its error is not bounded" in function.__doc__
