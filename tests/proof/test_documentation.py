"""What docs/proofs.md says of files and of certificates is so."""

from __future__ import annotations

import re
from pathlib import Path

from optgen.proof.parametric import prove
from tests.proof.theorems import descent

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "docs" / "proofs.md").read_text(encoding="utf-8")


def test_every_file_that_is_named_exists():
    for name in re.findall(r"`proof/(\w+)\.py`", TEXT):
        assert (ROOT / "optgen" / "proof" / f"{name}.py").is_file(), name


def test_every_key_of_a_certificate_is_explained():
    found = prove(descent())
    assert found is not None
    assert all(f"| `{key}` |" in TEXT for key in found.to_json() if key != "kind")


def test_the_checker_imports_no_solver_and_no_prover():
    for name in ("check", "written", "accepted"):
        text = (ROOT / "optgen" / "proof" / f"{name}.py").read_text(encoding="utf-8")
        imported = set(re.findall(r"^(?:from|import) ([\w.]+)", text, re.MULTILINE))
        allowed = {"__future__", "collections.abc", "dataclasses", "fractions", "itertools", "typing"}
        own = {f"optgen.proof.{n}" for n in ("written", "accepted")}
        assert imported <= allowed | own, name
