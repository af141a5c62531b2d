"""What a proof leaves behind: the problem it proves, and the numbers that prove it, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from optgen.proof.polynomial import Number, to_json
from optgen.proof.problem import Form, Problem, form_to_json, problem_to_json
from optgen.proof.program import Block, Program
from optgen.proof.rounding import block_matrix, eliminated, rational

Square = tuple[Number, Form]  # weight * |form|^2


@dataclass(frozen=True, slots=True)
class Certificate:
    """Multipliers of each statement's conditions by label, the numbers of the unknowns, and sums of squares.

    matrices: a PSD weight of a matrix condition as weights times squares of vectors over its points.
    squares: each residual as a sum of weights times squares.
    smt: numbers that solvers found to be >= 0 on the domain, where the signs of coefficients do not tell.
    """

    problem: Problem
    unknowns: Mapping[str, Number]
    multipliers: Mapping[str, Mapping[str, Number]]
    matrices: Mapping[str, Mapping[str, tuple[tuple[Number, tuple[Number, ...]], ...]]]
    squares: Mapping[str, tuple[Square, ...]] = field(default_factory=dict)
    smt: tuple[Number, ...] = ()

    def to_json(self) -> dict[str, object]:
        """The certificate as data for `check.check`."""
        return {
            "kind": "sum",
            "problem": problem_to_json(self.problem),
            "unknowns": {name: to_json(n) for name, n in self.unknowns.items()},
            "multipliers": {s: {label: to_json(n) for label, n in m.items()} for s, m in self.multipliers.items()},
            "matrices": {
                s: {label: [[to_json(w), [to_json(n) for n in v]] for w, v in weight] for label, weight in m.items()}
                for s, m in self.matrices.items()
            },
            "squares": {s: [[to_json(w), form_to_json(f)] for w, f in squares] for s, squares in self.squares.items()},
            "smt": [to_json(n) for n in self.smt],
        }


def certificate(
    problem: Problem,
    program: Program,
    values: Sequence[Number],
    squares: Mapping[str, tuple[Square, ...]] | None = None,
    smt: Sequence[Number] = (),
) -> Certificate:
    """Values of a program's variables under the names of the problem."""
    unknowns: dict[str, Number] = {}
    multipliers: dict[str, dict[str, Number]] = {s.name: {} for s in problem.statements}
    for variable, number in zip(program.variables, values):
        if variable.statement is None:
            unknowns[variable.label] = number
        elif variable.kind != "matrix" and number != 0:
            multipliers[variable.statement][variable.label] = number
    sums = squares or {b.name: eliminated_squares(b, values) for b in program.blocks if not b.matrix}
    matrices: dict[str, dict[str, tuple[tuple[Number, tuple[Number, ...]], ...]]] = {
        s.name: {} for s in problem.statements
    }
    for block in program.blocks:
        if block.matrix:
            weight = sums[block.name] if block.name in sums else eliminated_squares(block, values)
            vectors = ((w, tuple(f.terms.get(n, Fraction(0)) for n in block.basis)) for w, f in weight)
            matrices[block.statement][block.name.removeprefix(f"{block.statement}: ")] = tuple(vectors)
    statements = {name: s for name, s in sums.items() if name in multipliers}
    return Certificate(problem, unknowns, multipliers, matrices, statements, tuple(smt))


def eliminated_squares(block: Block, values: Sequence[Number]) -> tuple[Square, ...]:
    """A PSD block with numbers as weights times squares."""
    squares = eliminated(block_matrix(block, [rational(v) for v in values]), lambda pivot: pivot > 0) or []
    return tuple((d, Form({n: c for n, c in zip(block.basis, line) if c != 0})) for d, line in squares)
