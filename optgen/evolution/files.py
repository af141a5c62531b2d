"""Finds as files: a function spec with the program as float code, and a certificate with the program over the reals.

The certificate holds exact constants, the proved bound and how the program was found; `check_find` proves it again.
The spec's program is the same with constants rounded to double: its rounding errors are not in that bound.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optgen.evolution.found import Found, Step
from optgen.evolution.machine import OPERATIONS
from optgen.evolution.target import wrong
from optgen.ir.straight import Straight
from optgen.ir.straight_builder import Builder, Value
from optgen.ir.straight_text import to_text

if TYPE_CHECKING:
    from optgen.evolution.search import Front

FORMAT = 1


def straight(found: Found, name: str = "f") -> Straight:
    """The program in double precision, one rounding an operation."""
    builder = Builder(name)
    x = builder.parameter("x", "f64")
    values: list[Value] = []

    def operand(argument: int | str | Fraction) -> Value | float:
        return float(argument) if isinstance(argument, Fraction) else x if argument == "x" else values[int(argument)]

    for step in found.steps:
        arguments = [operand(step.left)] if step.right is None else [operand(step.left), operand(step.right)]
        values.append(builder.apply(step.operation, *arguments))
    return builder.finish(values[-1])


def write(front: Front, folder: Path) -> Iterator[Path]:
    """Write `NAME_OPERATIONS.opt` and `.json` for each program; the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    for found in front:
        name = f"{_identifier(found.target)}_{found.operations}"
        how = {
            "seed": front.seed, "epochs": front.epochs, "fits": front.fits, "seconds": round(front.seconds, 1),
            "again": f'optgen search "{found.target}" --seed {front.seed} --evaluations {front.fits}',
        }  # fmt: skip
        paths = folder / f"{name}.opt", folder / f"{name}.json"
        paths[0].write_text(_spec(found, name, front.target.interval), encoding="utf-8")
        paths[1].write_text(json.dumps(_certificate(found, front.target.interval, how), indent=1) + "\n", "utf-8")
        yield from paths


def _identifier(text: str) -> str:
    made = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_")
    return made if made and not made[0].isdigit() else f"f_{made}"


def _spec(found: Found, name: str, interval: str) -> str:
    argument = "x"
    claim = f"{found.measure} error at most {found.bound:.4g} over the reals on {interval} (interval)"
    lines = [
        f"function {name}({argument} : f64) -> f64 = {found.target}",
        f'  "{found.operations} operations found by search: {claim}."',
        "  program",
        *(f"    {line}" for line in to_text(straight(found, name))),
    ]
    return "\n".join(lines) + "\n"


def _certificate(found: Found, interval: str, how: dict[str, Any]) -> dict[str, Any]:
    steps = [[step.operation, *map(_written, (step.left, step.right))] for step in found.steps]
    return {
        "format": FORMAT, "target": found.target, "domain": interval, "measure": found.measure,
        "program": steps, "bound": float(found.bound or 0.0).hex(), "trust": "interval", "found": how,
    }  # fmt: skip


def _written(argument: int | str | Fraction | None) -> int | str | None:
    return str(argument) if isinstance(argument, Fraction) else argument


def read(path: Path) -> tuple[Found, str]:
    """The program of a certificate and the interval of its claim.  Raises SpecError for anything else."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        steps = tuple(_step(entry, place) for place, entry in enumerate(data["program"]))
        bound = float.fromhex(data["bound"])
        target, interval, measure = (data[name] for name in ("target", "domain", "measure"))
        if data["format"] != FORMAT or measure not in ("relative", "absolute") or not steps or not bound > 0:
            raise ValueError(path)
        found = Found(steps, str(target), (0.0, 0.0), measure, bound, bound)
    except OSError as error:
        raise wrong(f"can't read {path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, IndexError, ZeroDivisionError):
        raise wrong(f"{path} is no certificate of a find", "optgen search EXPR -o DIR writes them") from None
    return found, str(interval)


def _step(entry: list[Any], place: int) -> Step:
    operation, left, right = entry
    if operation not in OPERATIONS or (right is None) != (operation == "sqrt"):
        raise ValueError(operation)

    def argument(value: Any) -> int | str | Fraction:
        if isinstance(value, int) and 0 <= value < place:
            return value
        return "x" if value == "x" else Fraction(str(value))

    return Step(operation, argument(left), None if right is None else argument(right))
