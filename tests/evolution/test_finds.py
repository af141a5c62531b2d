"""Finds as records: those that ship are proved again, and a record is found again from what it says."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import optgen
from optgen.cli.group import cli, invoke
from optgen.diagnostics import SpecError
from optgen.evolution.files import command, origin
from optgen.finds import CLASSICAL, comparisons, records
from optgen.ir.straight import evaluate
from optgen.passes.lower.straight import read_program

SMALL = {"evaluations": 40_000, "largest": 5}


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("records")
    return optgen.search("2^x", (0, 1), seed=2, **SMALL).write(folder, smallest=5)[1]


@pytest.mark.parametrize("path", records(), ids=lambda path: path.stem)
def test_every_find_that_ships_is_proved_again(path):
    claimed = float.fromhex(json.loads(path.read_text())["bound"])
    found = optgen.check_find(path)
    assert found.bound <= claimed and found.operations == int(path.stem.rsplit("_", 1)[1])
    assert origin(path).command.startswith("optgen search ")
    (group,) = optgen.load(path.with_suffix(".opt")).file.groups("function")
    x = np.linspace(0.5, 1, 33)
    np.testing.assert_array_equal(evaluate(read_program(group), [x]), found.evaluate(x))


def test_finds_ship():
    assert records()


def test_a_record_is_found_again_to_the_last_bit(kept):
    made = optgen.reproduce(kept)
    assert made.same and made.good and made.again.bound <= made.recorded.bound


def test_a_smaller_budget_finds_less_and_says_so(kept):
    made = CliRunner().invoke(cli, ["reproduce", str(kept), "--evaluations", "1"])
    again = optgen.reproduce(kept, evaluations=1)
    assert not again.same and ("worse" in made.output) == (not again.good)
    data = json.loads(kept.read_text())
    best = kept.with_name("better.json")
    best.write_text(json.dumps(data | {"found": data["found"] | {"largest": 1}}))
    assert invoke(["reproduce", str(best)]) == 1  # one operation is never as good as five


def test_a_record_says_what_to_type(kept):
    how = origin(kept)
    words = shlex.split(how.command)
    assert words[:3] == ["optgen", "search", "2^x"] and words[-1] == str(how.evaluations)
    front = optgen.search("erf(x)", "(0, 2]", ("add", "mul", "div"), evaluations=1, largest=2)
    assert command(front) == (
        "optgen search 'erf(x)' --domain '(0' 2 --operations add,mul,div --largest 2 --seed 0 "
        f"--evaluations {front.fits}"
    )


def test_a_find_gives_way_to_better_ones_only(kept, tmp_path):
    front = optgen.search("2^x", (0, 1), seed=2, **SMALL)
    (spec, certificate) = front.write(tmp_path, smallest=5)
    assert front.write(tmp_path, smallest=5) == []
    data = json.loads(certificate.read_text())
    certificate.write_text(json.dumps(data | {"bound": (1.5 * float.fromhex(data["bound"])).hex()}))
    assert front.write(tmp_path, smallest=5) == [spec, certificate]
    certificate.write_text(json.dumps(data | {"domain": "[0, 1/2]"}))
    with pytest.raises(SpecError, match="is about the relative error of 2\\^x on \\[0, 1/2\\]"):
        front.write(tmp_path, smallest=5)


def test_a_record_without_its_origin_is_refused(kept):
    place = kept.with_name("silent.json")
    data = json.loads(kept.read_text())
    del data["found"]["largest"]
    place.write_text(json.dumps(data))
    with pytest.raises(SpecError, match="does not say how its program was found"):
        optgen.reproduce(place)


def test_seeds_are_a_table_and_the_best_are_kept(tmp_path):
    words = ["seeds", "2^x", "--evaluations", "30000", "--largest", "3", "--smallest", "2", "--baseline"]
    made = CliRunner().invoke(cli, [*words, "--seeds", "1", "2", "-o", str(tmp_path)])
    lines = [line.split() for line in made.output.splitlines()]
    assert [line[0] for line in lines if line[0] != "wrote"] == ["operations", "seed", "seed", "classical"]
    names = {f"f_2_x_{size}.{kind}" for size in (2, 3) for kind in ("opt", "json")}
    assert {path.name for path in tmp_path.iterdir()} == {*names, CLASSICAL}
    (theory,) = (tmp_path / CLASSICAL).iterdir()
    assert theory.name == "f_2_x_3.json" and optgen.check_find(theory).operations == 3
    best = min(float(line[3]) for line in lines if line[0] == "seed")
    assert optgen.check_find(tmp_path / "f_2_x_3.json").bound == pytest.approx(best, rel=1e-2)


def test_finds_that_ship_are_no_worse_than_approximation_theory_and_the_table_says_it(tmp_path):
    made = comparisons()
    ahead = {(one.target, size): one.ahead(size) for one in made for size in one.found if one.ahead(size) is not None}
    assert ahead and min(ahead.values()) > 0.999
    assert invoke(["finds", "--markdown", str(tmp_path / "finds.md")]) == 0
    shipped = Path(optgen.__file__).parent.parent / "docs" / "finds.md"
    assert (tmp_path / "finds.md").read_text(encoding="utf-8") == shipped.read_text(encoding="utf-8")
    listed = CliRunner().invoke(cli, ["finds"]).output
    assert all(f"{one.target} on {one.domain}, {one.measure} error" in listed for one in made)


@pytest.mark.parametrize("path", sorted((records()[0].parent / CLASSICAL).glob("*.json")), ids=lambda path: path.stem)
def test_every_classical_program_is_proved_again(path):
    assert optgen.check_find(path).bound <= float.fromhex(json.loads(path.read_text())["bound"])


@pytest.mark.slow
def test_a_find_that_ships_is_found_again():
    made = optgen.reproduce()
    assert made.good and made.seconds < 600
