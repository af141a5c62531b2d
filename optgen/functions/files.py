"""A function as files: plain C with its header, a shared library where a C compiler is, its certificate, a plot."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from optgen.backends.c import header, source
from optgen.functions.request import Accuracy, Domain
from optgen.ir.straight import Straight

FLAGS = ("-std=c99", "-O3", "-march=native", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math")


def write(known: Mapping[str, Any], name: str, programs: Mapping[str, Straight], folder: Path) -> list[Path]:
    """Write all that there is; the paths.  Symbols are `name` for float32 and `name_f64` for float64."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for dtype, program in programs.items():
        symbol = _symbol(name) + ("" if dtype == "float32" else "_f64")
        paths = [folder / f"{symbol}.h", folder / f"{symbol}.c"]
        paths[0].write_text(header(symbol, program, _documentation(known, dtype)), encoding="utf-8")
        paths[1].write_text(source(symbol, program), encoding="utf-8")
        made += paths
        made += _library(paths[1])
    certificate = folder / f"{_symbol(name)}.certificate.json"
    certificate.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    return [*made, certificate, *_plot(known, folder / f"{_symbol(name)}.png")]


def _symbol(name: str) -> str:
    """A name of C: a plain name gets a prefix, for C's library has functions such as `exp` and `pow`."""
    return f"optgen_{name}" if name.isidentifier() else identifier(name)


def identifier(name: str) -> str:
    """A name made from the text of an expression: `x/2*(1 + erf(x))` is x_2_1_erf_x; a name is one."""
    if name.isidentifier():
        return name
    made = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")
    return made if made and not made[0].isdigit() else f"f_{made}"


def _documentation(known: Mapping[str, Any], dtype: str) -> str:
    domain = known["domain"]
    strict = known.get("beyond") == "nan"
    where = f" on {Domain(float.fromhex(domain[0]), float.fromhex(domain[1]), strict)}" if domain else ""
    lines = [f"{known['meaning']}, to {_accuracy(known)}{where}"]
    if dtype == "float32":
        lines.append(f"Largest error {known['error at most']} {_unit(known)}, {_how(known)}.")
    lines.append("Compile without contraction: -ffp-contract=off, never -ffast-math.")
    return "\n".join(lines)


def _how(known: Mapping[str, Any]) -> str:
    if known["trust"] == "interval":
        return "proved by interval arithmetic"
    return "every argument was run" if known["trust"] == "exhaustive" else f"{known['inputs']:,} arguments were run"


def _unit(known: Mapping[str, Any]) -> str:
    return "relative" if known["accuracy"]["relative"] else "ulp"


def _accuracy(known: Mapping[str, Any]) -> str:
    said = known["accuracy"]
    return str(Accuracy(Fraction(said["amount"]), said["relative"], said["of"], said["floor"]))


def _library(path: Path) -> list[Path]:
    """The shared library of a source file; nothing where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return []
    made = path.with_suffix(".so")
    subprocess.run([compiler, *FLAGS, "-shared", "-fPIC", str(path), "-o", str(made), "-lm"], check=True)
    return [made]


def _plot(known: Mapping[str, Any], path: Path) -> list[Path]:
    """The largest error in each binade of the arguments; nothing where no arguments were run, or without matplotlib."""
    if "binades" not in known:
        return []
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return []
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    axes = figure.add_subplot()
    binades = [(int(key, 16), float(error)) for key, error, _ in map(str.split, known["binades"])]
    for negative, label in ((True, "x < 0"), (False, "x > 0")):
        found = [(key & 0xFF, error) for key, error in binades if (key >> 8 == 1) == negative]
        if found:
            axes.plot([2.0 ** (key - 127) for key, _ in found], [error for _, error in found], ".-", label=label)
    axes.axhline(float(Fraction(known["accuracy"]["amount"])), color="grey", linewidth=0.8)
    axes.set_xscale("log", base=2)
    axes.set_xlabel("|x|, by binades")
    axes.set_ylabel(f"largest error, {_unit(known)}")
    axes.set_title(known["meaning"])
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)
    return [path]
