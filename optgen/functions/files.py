"""A function as files: plain C with its header, a shared library where a C compiler is, its certificate, a plot."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from optgen.backends.c import header, source
from optgen.functions.certificate import Proof
from optgen.functions.floats import float_of
from optgen.ir.straight import Straight

FLAGS = ("-std=c99", "-O3", "-march=native", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math")


def write(proof: Proof, name: str, programs: Mapping[str, Straight], folder: Path) -> list[Path]:
    """Write all that there is; the paths.  Symbols are `name` for float32 and `name_f64` for float64."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for dtype, program in programs.items():
        symbol = identifier(name) + ("" if dtype == "float32" else "_f64")
        paths = [folder / f"{symbol}.h", folder / f"{symbol}.c"]
        paths[0].write_text(header(symbol, program, _documentation(proof, dtype)), encoding="utf-8")
        paths[1].write_text(source(symbol, program), encoding="utf-8")
        made += paths
        made += _library(paths[1])
    certificate = folder / f"{identifier(name)}.certificate.json"
    certificate.write_text(proof.as_json(), encoding="utf-8")
    return [*made, certificate, *_plot(proof, folder / f"{identifier(name)}.png")]


def identifier(name: str) -> str:
    """A name of C made from the text of an expression: `x/2*(1 + erf(x))` is x_2_1_erf_x."""
    made = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")
    return made if made and not made[0].isdigit() else f"f_{made}"


def _documentation(proof: Proof, dtype: str) -> str:
    claim, found = proof.claim, proof.findings
    lines = [f"{claim.meaning.doc}, to {claim.accuracy}" + (f" on {claim.domain}" if claim.domain else "")]
    if dtype == "float32":
        how = "every argument was run" if proof.proved else f"{found.inputs:,} arguments were run"
        lines.append(f"Largest error {found.error:.4g} {claim.measure}, at {float_of(found.worst)!r}; {how}.")
    lines.append("Compile without contraction: -ffp-contract=off, never -ffast-math.")
    return "\n".join(lines)


def _library(path: Path) -> list[Path]:
    """The shared library of a source file; nothing where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return []
    made = path.with_suffix(".so")
    subprocess.run([compiler, *FLAGS, "-shared", "-fPIC", str(path), "-o", str(made), "-lm"], check=True)
    return [made]


def _plot(proof: Proof, path: Path) -> list[Path]:
    """The largest error in each binade of the arguments; nothing where matplotlib is not installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return []
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    axes = figure.add_subplot()
    for negative, label in ((True, "x < 0"), (False, "x > 0")):
        found = [(key & 0xFF, error) for key, error, _ in proof.findings.binades if (key >> 8 == 1) == negative]
        if found:
            axes.plot([2.0 ** (key - 127) for key, _ in found], [error for _, error in found], ".-", label=label)
    axes.axhline(proof.claim.amount, color="grey", linewidth=0.8)
    axes.set_xscale("log", base=2)
    axes.set_xlabel("|x|, by binades")
    axes.set_ylabel(f"largest error, {proof.claim.measure}")
    axes.set_title(proof.claim.meaning.doc)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)
    return [path]
