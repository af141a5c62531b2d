"""`optgen new NAME`"""

from __future__ import annotations

import re
from pathlib import Path

import click

TEMPLATE = """\
# A method, the problem it solves, and an experiment that shows it working.
#   optgen check {name}.opt        every error, with its place
#   optgen run {name}.opt          solves the problem of the experiment
#   optgen explain {name}.opt      the program after each pass

algorithm {name}(f)
  "Gradient descent with momentum."        # what it is, in a sentence
  param lr   = 0.1 in (0, inf)             # a number the user may set, with its domain
  param beta = 0.9 in [0, 1)
  state x : space(f)                       # starts where the problem does
  state v : space(f) = 0
  step                                     # x' is the value of x after the step
    v' = beta*v + grad f(x)                # equations have no order; derivatives are derived
    x' = x - lr*v'
  record loss = f(x), gnorm = norm(grad f(x))
  stop when gnorm <= tol

problem {name}_problem
  "L2-regularised logistic regression."
  data  A : R[m, n], y : R[m] in {{-1, 1}}   # shapes name their dimensions
  param reg = 1e-3 in [0, inf)
  var   x : R[n]
  minimize mean(i: log1p(exp(-y[i]*dot(A[i], x)))) + reg/2*sqnorm(x)

experiment {name}_on_breast_cancer
  data A, y = dataset breast_cancer (standardized, labels -1 1)
  problem {name}_problem(A, y)
  run {name}(steps = 200)
  plot loss against step, log y
"""


@click.command("new")
@click.argument("name")
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Where to write it; NAME.opt by default.")
def command(name: str, output: str | None) -> None:
    """Write a commented spec to start from.

    Example: optgen new my_method
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        raise click.BadParameter("a name is letters, digits and _, and starts with a letter", param_hint="NAME")
    target = Path(output or f"{name}.opt")
    if target.exists():
        raise click.ClickException(f"{target} exists already; choose another name, or delete it first")
    target.write_text(TEMPLATE.format(name=name), encoding="utf-8")
    click.echo(f"{target}: a spec to start from; now: optgen check {target}")
