"""Finds as files: a function spec with the program as float code, and a certificate with the program over the reals.

The certificate holds exact constants, the proved bound and how the program was found; `check_find` proves it again.
The spec's program is the same with constants rounded to double: its rounding errors are not in that bound.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
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
BETTER = 0.999  # a find that is less than so much better than the one that is there leaves it


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


def write(front: Front, folder: Path, smallest: int = 1) -> Iterator[Path]:
    """Write `NAME_OPERATIONS.opt` and `.json` for each program that is better than the one there; the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    for found in front:
        name = f"{_identifier(found.target)}_{found.operations}"
        spec, certificate = folder / f"{name}.opt", folder / f"{name}.json"
        if found.operations < smallest or not _better(found, front.target.interval, certificate):
            continue
        spec.write_text(_spec(found, name, front.target.interval), encoding="utf-8")
        certificate.write_text(_as_json(_certificate(found, front)), "utf-8")
        yield from (spec, certificate)


def write_plain(found: Found, interval: str, folder: Path) -> Path:
    """Write `NAME_OPERATIONS.json` for a proved program that no search found, in place of what is there."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{_identifier(found.target)}_{found.operations}.json"
    path.write_text(_as_json(_claim(found, interval)), "utf-8")
    return path


def _as_json(data: dict[str, Any]) -> str:
    """Indented text, innermost lists on one line: an operation a line."""
    text = json.dumps(data, indent=1)
    return re.sub(r"\[([^\[\]{}]*)\]", lambda inner: f"[{' '.join(inner[1].split())}]", text) + "\n"


def _better(found: Found, interval: str, path: Path) -> bool:
    """Whether a find is better than that of a certificate, or the first.  Raises SpecError if they differ in claim."""
    if not path.exists():
        return True
    there, its_interval = read(path)
    if (there.target, its_interval, there.measure) != (found.target, interval, found.measure):
        claim = f"the {there.measure} error of {there.target} on {its_interval}"
        raise wrong(f"{path} is about {claim}: this find would replace it", "write to another folder")
    return (found.bound or 0.0) < BETTER * (there.bound or 0.0)


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


def _certificate(found: Found, front: Front) -> dict[str, Any]:
    how = {
        "operations": list(front.operations), "largest": front.largest, "seed": front.seed, "epochs": front.epochs,
        "evaluations": front.fits, "seconds": round(front.seconds, 1), "command": command(front),
    }  # fmt: skip
    return _claim(found, front.target.interval) | {"found": how}


def _claim(found: Found, interval: str) -> dict[str, Any]:
    steps = [[step.operation, *map(_written, (step.left, step.right))] for step in found.steps]
    return {
        "format": FORMAT, "target": found.target, "domain": interval, "measure": found.measure,
        "program": steps, "bound": float(found.bound or 0.0).hex(), "trust": "interval",
    }  # fmt: skip


def command(front: Front) -> str:
    """What to type for the same search."""
    low, _, high = front.target.interval.partition(", ")
    ends = low.removeprefix("["), high.removesuffix("]")
    words = ["optgen", "search", front.target.text, "--domain", *ends, "--operations", ",".join(front.operations)]
    words += ["--largest", str(front.largest), *(["--absolute"] if front.target.absolute else [])]
    return shlex.join([*words, "--seed", str(front.seed), "--evaluations", str(front.fits)])


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


@dataclass(frozen=True, slots=True)
class Origin:
    """The search that a find is of: with these options, and no budget in seconds, it finds it again."""

    operations: tuple[str, ...]
    largest: int
    seed: int
    evaluations: int
    seconds: float
    command: str


def origin(path: Path) -> Origin:
    """How the find of a certificate was found.  Raises SpecError if the file does not say it."""
    try:
        how = json.loads(path.read_text(encoding="utf-8"))["found"]
        operations = tuple(str(name) for name in how["operations"])
        numbers = (int(how["largest"]), int(how["seed"]), int(how["evaluations"]))
        return Origin(operations, *numbers, float(how["seconds"]), str(how["command"]))
    except OSError as error:
        raise wrong(f"can't read {path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise wrong(f"{path} does not say how its program was found", "optgen search EXPR -o DIR writes it") from None


def _step(entry: list[Any], place: int) -> Step:
    operation, left, right = entry
    if operation not in OPERATIONS or (right is None) != (operation == "sqrt"):
        raise ValueError(operation)

    def argument(value: Any) -> int | str | Fraction:
        if isinstance(value, int) and 0 <= value < place:
            return value
        return "x" if value == "x" else Fraction(str(value))

    return Step(operation, argument(left), None if right is None else argument(right))
