"""A find in float32 as files: the function spec that ships its program, and the certificate of its sweep."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from optgen.ir.straight_text import to_text

if TYPE_CHECKING:
    from optgen.evolution.hardware.search import Find


def write(find: Find, folder: Path, name: str, again: str) -> list[Path]:
    """Write `NAME.opt` and `NAME.json`; the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.opt", folder / f"{name}.json"]
    paths[0].write_text(spec(find, name, again), encoding="utf-8")
    paths[1].write_text(find.proof.as_json(), encoding="utf-8")
    return paths


def spec(find: Find, name: str, again: str) -> str:
    """The text of the function spec; `again` is the command that finds it."""
    claim = find.proof.claim
    argument = find.program.parameters[0][0]
    amount = claim.accuracy.amount
    ulps = str(amount) if amount.denominator == 1 or amount == Fraction(1, 2) else f"{float(amount):g}"
    lines = [
        f"# found by: {again}",
        f"function {name}({argument} : f32) -> f32 = {claim.meaning.doc}",
        f'  "Found by search: {find.error:.4f} ulp, {find.time.ratio:.3f} of the time of the program before it."',
        f"  accuracy {ulps} ulp",
        "  program",
        *(f"    {line}" for line in to_text(find.program)),
    ]
    return "\n".join(lines) + "\n"
