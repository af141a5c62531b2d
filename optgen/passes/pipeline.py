"""The passes between a Program's functions and a backend, in their order.

Each is a plain function Function -> Function; its docstring says what it expects, guarantees and preserves.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from optgen.ir.program import Function

Pass = Callable[[Function], Function]


def passes() -> tuple[tuple[str, Pass], ...]:
    """The passes by name."""
    from optgen.passes.differentiate import differentiate
    from optgen.passes.draws import expand_draws
    from optgen.passes.lift import lift
    from optgen.passes.materialise import materialise
    from optgen.passes.share import share
    from optgen.passes.simplify import simplify

    return (
        ("differentiate", differentiate),
        ("draws", expand_draws),
        ("simplify", simplify),
        ("lift", lift),
        ("materialise", materialise),
        ("share", share),
    )


def expand(function: Function) -> Function:
    """Only what the reference evaluator needs: derivatives written out."""
    from optgen.passes.differentiate import differentiate

    return differentiate(function)


def run(function: Function) -> Function:
    """The function ready for a backend."""
    for _, apply in passes():
        function = apply(function)
    return function


def stages(function: Function) -> Iterator[tuple[str, Function, float]]:
    """The function after each pass, with the seconds it took."""
    for name, apply in passes():
        begun = time.perf_counter()
        function = apply(function)
        yield name, function, time.perf_counter() - begun
