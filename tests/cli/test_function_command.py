"""`optgen function`: what it prints, what it writes."""

from __future__ import annotations

import ctypes
import json
import shutil

import numpy as np
import pytest
from click.testing import CliRunner

import optgen
from optgen.cli.group import cli, invoke

COMMAND = ["function", "2^x", "--ulp", "4", "--domain", "1", "4", "--no-bench"]


def test_it_says_the_error_and_where_it_is_worst():
    told = CliRunner().invoke(cli, COMMAND).output
    assert told.startswith("2^x, to 4 ulp on [1, 4]\n  error ")
    assert "prove() runs every argument" in told and "operations, program" in told


def test_prove_runs_every_argument(tmp_path):
    ran = CliRunner().invoke(cli, [*COMMAND, "--prove", "-o", str(tmp_path)])
    assert ran.exit_code == 0 and "every argument was run" in ran.output
    (certificate,) = tmp_path.glob("*.certificate.json")
    said = json.loads(certificate.read_text(encoding="utf-8"))
    assert said["verdict"] == "proved" and said["inputs"] == 2**24 + 1
    for path in tmp_path.iterdir():
        assert f"wrote {path}" in ran.output


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_the_library_has_the_bits_of_the_ufunc(tmp_path):
    function = optgen.function("2^x", ulp=4, domain=(1, 2))
    library, doubles = [path for path in function.write(tmp_path) if path.suffix == ".so"]
    assert doubles.stem == f"{library.stem}_f64"
    x = np.random.default_rng(0).uniform(1, 2, 1000).astype("float32")
    out = np.empty_like(x)
    loop = getattr(ctypes.CDLL(str(library)), f"{library.stem}_array")
    loop(ctypes.c_size_t(x.size), ctypes.c_void_p(x.ctypes.data), ctypes.c_void_p(out.ctypes.data))
    assert np.array_equal(out, function(x))
    assert (tmp_path / f"{library.stem}.h").read_text(encoding="utf-8").startswith("/*\n * 2^x, to 4 ulp on [1, 2]")


def test_a_mistake_is_told_and_is_exit_code_1(capsys):
    assert invoke(["function", "x*y"]) == 1
    assert "(x, y) -> x*y" in capsys.readouterr().err


def test_times_are_against_the_installed_peers():
    told = CliRunner().invoke(cli, COMMAND[:-1]).output
    assert "ours / this" in told and "NumPy" in told


def test_list_names_the_shipped_functions():
    from optgen.shipped import function_paths

    told = CliRunner().invoke(cli, ["function", "list"]).output
    assert [line.split()[0] for line in told.splitlines()] == list(function_paths())
