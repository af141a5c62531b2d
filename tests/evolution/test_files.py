"""Finds as files: the spec reads back as the same program, the certificate proves again and refuses changes."""

from __future__ import annotations

import json

import numpy as np
import pytest

import optgen
from optgen.diagnostics import SpecError
from optgen.evolution import files
from optgen.ir.straight import evaluate
from optgen.passes.lower.straight import read_program


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    front = optgen.search("tanh(x)", "(0, 1]", seed=1, evaluations=60_000, largest=4)
    folder = tmp_path_factory.mktemp("finds")
    return front, list(files.write(front, folder))


def test_a_spec_holds_the_program_bit_by_bit(written):
    front, paths = written
    x = np.linspace(0.01, 1, 97)
    for found, path in zip(front, paths[::2], strict=True):
        spec = optgen.load(path)
        assert not [d for d in optgen.check(spec) if d.severity == "error"]
        program = read_program(spec.file.groups("function")[0])
        np.testing.assert_array_equal(evaluate(program, [x]), found.evaluate(x))


def test_a_certificate_proves_again(written):
    front, paths = written
    for found, path in zip(front, paths[1::2], strict=True):
        again = optgen.check_find(path)
        assert again.steps == found.steps and again.bound <= found.bound


def test_a_certificate_that_claims_more_is_refused(written, tmp_path):
    _, paths = written
    data = json.loads(paths[-1].read_text())
    place = tmp_path / "claims.json"
    place.write_text(json.dumps(data | {"bound": (float.fromhex(data["bound"]) * 0.99).hex()}))
    with pytest.raises(SpecError, match="is not proved to be at most"):
        optgen.check_find(place)
    place.write_text(json.dumps(data | {"domain": "(0, 2]"}))
    with pytest.raises(SpecError, match="is not proved to be at most"):
        optgen.check_find(place)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', "not JSON"])
def test_what_is_no_certificate_is_refused(text, tmp_path):
    place = tmp_path / "wrong.json"
    place.write_text(text)
    with pytest.raises(SpecError, match="is no certificate of a find"):
        optgen.check_find(place)
