"""What a proof leaves behind: the problem it proves, and the numbers that prove it, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from optgen.proof.polynomial import Number, to_json
from optgen.proof.problem import Form, Problem, form_to_json, problem_to_json
from optgen.proof.program import Program

Square = tuple[Number, Form]  # weight * |form|^2


@dataclass(frozen=True, slots=True)
class Certificate:
    """Multipliers of each statement's conditions by label, the numbers of the unknowns, and sums of squares.

    squares: where symbols occur, each residual as a sum of weights times squares; without symbols the checker
    eliminates by itself.
    smt: numbers that solvers found to be >= 0 on the domain, where the signs of coefficients do not tell.
    """

    problem: Problem
    unknowns: Mapping[str, Number]
    multipliers: Mapping[str, Mapping[str, Number]]
    matrices: Mapping[str, Mapping[str, tuple[tuple[Number, ...], ...]]]
    squares: Mapping[str, tuple[Square, ...]] = field(default_factory=dict)
    smt: tuple[Number, ...] = ()

    def to_json(self) -> dict[str, object]:
        """The certificate as data for `check.check`."""
        return {
            "kind": "interpolation",
            "problem": problem_to_json(self.problem),
            "unknowns": {name: to_json(n) for name, n in self.unknowns.items()},
            "multipliers": {s: {label: to_json(n) for label, n in m.items()} for s, m in self.multipliers.items()},
            "matrices": {
                s: {label: [[to_json(n) for n in row] for row in matrix] for label, matrix in m.items()}
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
    entries: dict[str, dict[str, dict[tuple[int, int], Number]]] = {s.name: {} for s in problem.statements}
    for variable, number in zip(program.variables, values):
        if variable.statement is None:
            unknowns[variable.label] = number
        elif variable.kind == "matrix":
            entries[variable.statement].setdefault(variable.label, {})[variable.place] = number
        elif number != 0:
            multipliers[variable.statement][variable.label] = number
    matrices = {
        statement: {label: full(places) for label, places in by_label.items()}
        for statement, by_label in entries.items()
    }
    return Certificate(problem, unknowns, multipliers, matrices, squares or {}, tuple(smt))


def full(places: Mapping[tuple[int, int], Number]) -> tuple[tuple[Number, ...], ...]:
    """A symmetric matrix from its upper triangle."""
    size = 1 + max(j for _, j in places)
    return tuple(tuple(places[(min(i, j), max(i, j))] for j in range(size)) for i in range(size))
