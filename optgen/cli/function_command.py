"""`optgen function`"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

SPAN = (-8.0, 8.0)  # where a function without a domain is timed


@click.command("function")
@click.argument("expression")
@click.option("--ulp", type=float, help="Accuracy in units of the last place: 0.5, 1, 2 or 4; 1 if none is asked for.")
@click.option(
    "--absolute",
    callback=lambda *given: _power(given[-1]),
    metavar="2^-K",
    help="An absolute error that will do near zeros, beside --ulp.",
)
@click.option("--relative", type=float, help="Accuracy as a part of the result: 1e-4 or 1e-3.")
@click.option("--of", type=click.Choice(["float32", "bfloat16"]), default="float32", help="Whose units count.")
@click.option("--domain", type=float, nargs=2, help="The arguments that matter, from A to B.", metavar="A B")
@click.option("--monotone", is_flag=True, help="Results never turn back as the argument grows.")
@click.option("--odd", is_flag=True, help="f(-x) is -f(x), to the bit.")
@click.option("--even", is_flag=True, help="f(-x) is f(x), to the bit.")
@click.option("--range", "ends", type=float, nargs=2, help="Every result lies from A to B.", metavar="A B")
@click.option("--exact", type=float, nargs=2, multiple=True, help="The result at X is Y.", metavar="X Y")
@click.option("--prove", is_flag=True, help="Prove the error: run every float32, or bound all of float64.")
@click.option("--dtype", type=click.Choice(["float32", "float64"]), default="float32", help="What --prove is about.")
@click.option("--facts", is_flag=True, help="Say what analysis finds of the function, and make none.")
@click.option("--no-bench", is_flag=True, help="Leave out the times.")
@click.option("-o", "folder", type=click.Path(path_type=Path, file_okay=False), help="Write code, plot, certificate.")
def command(
    expression: str,
    ulp: float | None,
    absolute: float | None,
    relative: float | None,
    of: str,
    domain: tuple[float, float] | None,
    monotone: bool,
    odd: bool,
    even: bool,
    ends: tuple[float, float] | None,
    exact: tuple[tuple[float, float], ...],
    prove: bool,
    dtype: str,
    facts: bool,
    no_bench: bool,
    folder: Path | None,
) -> None:
    """Compile an elementwise function of float32: its error, where it is worst, its speed against the installed peers.

    EXPRESSION is a formula in one name, `(x, y) -> ...` in two, or the name of a shipped function; `list` lists these.
    -o writes plain C, a header, a shared library, the certificate, and a plot of the error over the domain.

    Example: optgen function "x/2*(1 + erf(x/sqrt(2)))" --ulp 1 --domain -10 10
    """
    if expression == "list":
        _list()
        return
    import optgen

    if facts:
        click.echo(str(optgen.analyse(expression, domain=domain or None)))
        return
    asked: Any = {"monotone": monotone, "odd": odd, "even": even, "range": ends or None, "exact": dict(exact)}
    asked |= {"ulp": ulp, "absolute": absolute, "relative": relative, "of": of, "domain": domain or None}
    function: Any = optgen.function(expression, **asked)
    if prove:
        label = "every argument" if dtype == "float32" else "every piece"
        with click.progressbar(length=1000, label=label, file=sys.stderr) as bar:
            function.prove(progress=lambda part: bar.update(round(1000 * part) - bar.pos), dtype=dtype)
    for line in _described(function):
        click.echo(line)
    if not no_bench:
        from optgen.bench import against

        low, high = domain or SPAN
        click.echo("\n" + "\n".join(against(function, expression, low, high).lines()))
    if folder is not None:
        for path in function.write(folder):
            click.echo(f"wrote {path}")


def _power(text: str | None) -> float | None:
    """The number of `2^-24`, or of a decimal."""
    if text is None:
        return None
    base, power, exponent = text.partition("^")
    try:
        return float(base) ** int(exponent) if power else float(base)
    except (ValueError, ArithmeticError):
        raise click.BadParameter(f"{text} is no power of 2 such as 2^-24") from None


def _described(function: Any) -> list[str]:
    """What a function is, and what is known of its error."""
    where = f" on {function.domain}" if function.domain is not None else ""
    lines = [f"{function.expression}, to {function.accuracy}{where}", f"  error     {function.error!r}"]
    if function.guarantees:
        known = "by every float32" if function.certificate is not None else "by samples; prove() runs every float32"
        lines.append(f"  held      {', '.join(function.guarantees.words())}: {known}")
    for dtype, program in function.programs.items():
        lines.append(f"  {dtype:<9} {len(program.instructions)} operations, program {program.digest[:16]}")
    if "float64" in function.programs:
        bound = function.error.float64
        inside = f" on {function.error.float64_domain}" if function.error.float64_domain is not None else ""
        said = f"at most {bound:.4f} ulp{inside}: proved (interval)" if bound < float("inf") else "not bounded"
        lines.append(f"  in float64 the error is {said}")
    return lines


def _bound(known: dict[str, Any]) -> str:
    """The error of a certificate, in ulps or in words."""
    exact = known["accuracy"]["amount"] == "1/2" and not known["accuracy"]["relative"]
    return "correctly rounded" if exact else f"{float(known['error at most']):.4f} ulp"


def _where(known: dict[str, Any]) -> str:
    """The domain of a certificate, if it is not every number."""
    ends = known.get("domain")
    return f" on [{float.fromhex(ends[0]):g}, {float.fromhex(ends[1]):g}]" if ends else ""


def _list() -> None:
    """The shipped functions: what each is, and what its certificates say of its error."""
    import optgen
    from optgen.elementwise import certificate
    from optgen.shipped import double_paths, function_paths, program_paths

    width = max(map(len, function_paths()), default=0)
    for name, path in function_paths().items():
        docs = [doc for kind, found, doc in optgen.load(path).contents if found == name]
        known = [kept for file in program_paths(name) if (kept := certificate(file)) is not None]
        said = ", ".join([known[0]["verdict"], *map(_bound, known)]) + _where(known[0]) if known else "no certificate"
        double = certificate(double_paths()[name]) if name in double_paths() else None
        said += f"; float64 {double['error at most']}" if double else ""
        click.echo(f"{name:<{width}}  {said:<44}  {docs[0] if docs else ''}")
