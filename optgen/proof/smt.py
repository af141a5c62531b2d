"""Claims over the reals as SMT-LIB text, two solvers asked in children that are killed at a limit.

The text is kept: it is what an `smt` verdict rests on.  Only quantifier-free real arithmetic is written; a
transcendental value is a number with the bounds that `BOUNDS` states.  `unsat` of the negation is a proof; `sat` gives
numbers, which are checked again in exact arithmetic before they are called a counterexample.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations

from optgen.proof.contractions import ONE, Factor, Polynomial, TooLarge, contraction_text, text
from optgen.proof.terms import Reader, Term

MEMORY = 2 * 2**30
MOST_TEXT = 20_000  # characters of a power


@dataclass(slots=True)
class Script:
    """Declarations and facts collected while terms are written; `constants`: normal form -> name in the text."""

    reader: Reader
    constants: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    written: dict[tuple[str, tuple[str, ...]], str] = field(default_factory=dict)
    vectors: dict[str, tuple[str, Factor, Factor]] = field(default_factory=dict)
    guards: tuple[str, ...] = ()  # conditions of the branches round the place that is written
    known: set[tuple[str, tuple[str, ...]]] = field(default_factory=set)

    def constant(self, key: str) -> tuple[str, bool]:
        """The name of a number, and whether what holds of it is still to be said here."""
        if key not in self.constants:
            name = f"|{key.replace('|', '!').replace(chr(92), '!')}|"
            self.constants[key] = name
            self.lines.append(f"(declare-const {name} Real)")
        new = all((key, self.guards[:k]) not in self.known for k in range(len(self.guards) + 1))
        self.known.add((key, self.guards))
        return self.constants[key], new

    def fact(self, condition: str) -> None:
        """What holds wherever the claim is defined; inside a branch, where that branch is taken."""
        for guard in reversed(self.guards):
            condition = f"(=> {guard} {condition})"
        self.lines.append(f"(assert {condition})")

    def under(self, guard: str, term: Term) -> str:
        outer, self.guards = self.guards, (*self.guards, guard)
        written = self.write(term)
        self.guards = outer
        return written

    def write(self, term: Term) -> str:
        key = (json.dumps(term), self.guards)
        if key not in self.written:
            self.written[key] = self._write(term)
        return self.written[key]

    def _write(self, term: Term) -> str:
        if isinstance(term, str):
            return rational(Fraction(term))
        match term:
            case ["true"] | ["false"]:
                return str(term[0])
            case ["+" | "*" as word, *parts]:
                written = [self.write(p) for p in parts]
                return written[0] if len(written) == 1 else f"({word} {' '.join(written)})"
            case ["/", a, b]:
                below = self.write(b)
                if not isinstance(b, str):
                    self.fact(f"(not (= {below} 0))")
                return f"(/ {self.write(a)} {below})"
            case ["^", base, power]:
                count = abs(int(power))
                one = self.write(base)
                if count * len(one) > MOST_TEXT:
                    raise TooLarge(f"the power {power} written out")
                whole = f"(* {' '.join([one] * count)})" if count > 1 else one if count else "1"
                if int(power) < 0:
                    self.fact(f"(not (= {one} 0))")
                return whole if int(power) >= 0 else f"(/ 1 {whole})"
            case ["not" | "and" | "or" | "=" | "<" | "<=" | ">" | ">=" as word, *parts]:
                return f"({word} {' '.join(self.write(p) for p in parts)})"
            case ["!=", a, b]:
                return f"(not (= {self.write(a)} {self.write(b)}))"
            case ["if", condition, a, b]:
                chosen = self.write(condition)
                return f"(ite {chosen} {self.under(chosen, a)} {self.under(f'(not {chosen})', b)})"
            case ["abs", a]:
                return f"(ite (>= {self.write(a)} 0) {self.write(a)} (- {self.write(a)}))"
            case ["sign", a]:
                return f"(ite (> {self.write(a)} 0) 1 (ite (< {self.write(a)} 0) (- 1) 0))"
            case ["max" | "min" as word, *parts]:
                relation = ">=" if word == "max" else "<="
                best = self.write(parts[0])
                for part in parts[1:]:
                    other = self.write(part)
                    best = f"(ite ({relation} {best} {other}) {best} {other})"
                return best
            case ["sqrt", a]:
                name, new = self.constant(f"sqrt({text(self.reader.normal(a))})")
                if new:
                    self.fact(f"(>= {name} 0)")
                    self.fact(f"(= (* {name} {name}) {self.write(a)})")
                return name
            case ["power", base, exponent] if self.whole(exponent) is not None:
                return self.write(["^", base, self.whole(exponent)])
            case [word, *parts] if word in BOUNDS:
                written = [self.write(p) for p in parts]
                shown = ", ".join(text(self.reader.normal(p)) for p in parts)
                name, new = self.constant(f"{word}({shown})")
                for line in BOUNDS[word] if new else ():
                    self.fact(line.format(name, *written))
                return name
        return self.polynomial(term)

    def whole(self, term: Term) -> int | None:
        """The integer that a term is."""
        value = self.reader.normal(term)
        c = value.top.get((), Fraction(0))
        return int(c) if value.bottom == ONE and set(value.top) <= {()} and c.denominator == 1 else None

    def polynomial(self, term: Term) -> str:
        value = self.reader.normal(term)
        top = self.sum(value.top)
        return top if value.bottom == ONE else f"(/ {top} {self.sum(value.bottom)})"

    def sum(self, polynomial: Polynomial) -> str:
        parts = []
        for monomial, c in polynomial.items():
            factors = [rational(c)]
            for item, power in monomial:
                name = self.contraction(item)
                if int(power) != power:
                    name, power = self.constant(f"{contraction_text(item)}^{power}")[0], 1
                factors += [name if power > 0 else f"(/ 1 {name})"] * abs(int(power))
            parts.append(factors[0] if len(factors) == 1 else f"(* {' '.join(factors)})")
        return "0" if not parts else parts[0] if len(parts) == 1 else f"(+ {' '.join(parts)})"

    def contraction(self, item: tuple[Factor, ...]) -> str:
        if len(item) == 1 and item[0][0] == "same":
            name, new = self.constant(contraction_text(item))
            if new:
                self.fact(f"(or (= {name} 0) (= {name} 1))")
            return name
        if len(item) == 1 and item[0][0] in self.reader.roots:
            label_values = {f"${k}": label for k, label in enumerate(item[0][1])}
            name, new = self.constant(item[0][0] if not item[0][1] else contraction_text(item))
            if new:
                square = self.reader.relabelled(self.reader.roots[item[0][0]], label_values)
                self.fact(f"(>= {name} 0)")
                below = "" if square.bottom == ONE else f" {self.sum(square.bottom)}"
                right = self.sum(square.top)
                self.fact(f"(= (* {name} {name}) {f'(/ {right}{below})' if below else right})")
            return name
        name, new = self.constant(contraction_text(item))
        if new and not_negative(item, self.reader):
            self.fact(f"(>= {name} 0)")
        if new and len(item) == 2 and len({label for _, ls in item for label in ls if ":" in label}) == 1:
            self.vectors[contraction_text(item)] = (name, item[0], item[1])
        return name

    def gram(self) -> None:
        """Inner products are entries of a positive semidefinite matrix: principal minors up to three vectors."""
        entries: dict[tuple[Factor, Factor], str] = {}
        for name, a, b in self.vectors.values():
            a, b = sorted((a, b))
            entries[a, b] = name
        vectors = sorted({v for pair in entries for v in pair})
        for vector in vectors:
            if (vector, vector) in entries:
                self.fact(f"(>= {entries[vector, vector]} 0)")
        for a, b in combinations(vectors, 2):
            if all(pair in entries for pair in ((a, a), (b, b), (a, b))):
                aa, bb, ab = entries[a, a], entries[b, b], entries[a, b]
                self.fact(f"(>= (* {aa} {bb}) (* {ab} {ab}))")
        for a, b, c in combinations(vectors, 3):
            pairs = ((a, a), (b, b), (c, c), (a, b), (a, c), (b, c))
            if all(pair in entries for pair in pairs):
                p, q, r, u, v, w = (entries[pair] for pair in pairs)
                less = f"(+ (* {p} {w} {w}) (* {q} {v} {v}) (* {r} {u} {u}))"
                self.fact(f"(>= (+ (* {p} {q} {r}) (* 2 {u} {v} {w})) {less})")


def not_negative(item: tuple[Factor, ...], reader: Reader) -> bool:
    """Roots, exponentials, squares and forms of matrices that are positive semidefinite."""
    match item:
        case ((name, _),):
            return name.startswith(("sqrt(", "exp(", "abs("))
        case ((a, (i,)), (b, (j,))):
            return a == b and i == j
        case ((matrix, (i, j)), (a, (k,)), (b, (m,))):
            return matrix in reader.rules.psd and a == b and {i, j} == {k, m}
    return False


# what is known of a value {0} of a function at {1}, {2}: true of the function for all reals where it is defined
BOUNDS: dict[str, tuple[str, ...]] = {
    "exp": ("(> {0} 0)", "(>= {0} (+ 1 {1}))", "(=> (< {1} 1) (<= (* {0} (- 1 {1})) 1))"),
    "log": ("(> {1} 0)", "(<= {0} (- {1} 1))", "(>= (* {0} {1}) (- {1} 1))"),
    "log1p": ("(> {1} (- 1))", "(<= {0} {1})", "(>= (* {0} (+ 1 {1})) {1})"),
    "tanh": (
        "(< (- 1) {0} 1)",
        "(=> (> {1} 0) (< 0 {0} {1}))",
        "(=> (< {1} 0) (< {1} {0} 0))",
        "(=> (= {1} 0) (= {0} 0))",
    ),
    "sin": ("(<= (- 1) {0} 1)", "(=> (>= {1} 0) (<= (- {1}) {0} {1}))", "(=> (<= {1} 0) (<= {1} {0} (- {1})))"),
    "cos": ("(<= (- 1) {0} 1)", "(>= {0} (- 1 (/ (* {1} {1}) 2)))"),
    "erf": ("(< (- 1) {0} 1)", "(=> (> {1} 0) (> {0} 0))", "(=> (< {1} 0) (< {0} 0))", "(=> (= {1} 0) (= {0} 0))"),
    "power": (
        "(=> (> {1} 0) (> {0} 0))",
        "(=> (and (= {1} 0) (> {2} 0)) (= {0} 0))",
        "(=> (and (<= 0 {1} 1) (>= {2} 0)) (<= {0} 1))",
        "(=> (and (<= 0 {1} 1) (>= {2} 1)) (<= {0} {1}))",
        "(=> (and (>= {1} 1) (>= {2} 0)) (>= {0} 1))",
        "(=> (and (>= {1} 0) (>= {2} 1)) (>= {0} (+ 1 (* {2} (- {1} 1)))))",
    ),
}  # fmt: skip


def rational(value: Fraction) -> str:
    size = str(abs(value.numerator)) if value.denominator == 1 else f"(/ {abs(value.numerator)} {value.denominator})"
    return size if value >= 0 else f"(- {size})"


# ---------------------------------------------------------------- solvers


@dataclass(frozen=True, slots=True)
class Answer:
    """`status`: sat, unsat or unknown (also: killed); `values` of the constants, near them where irrational."""

    solver: str
    status: str
    values: Mapping[str, Fraction | None]
    seconds: float


def ask(script: str, solver: str, seconds: float) -> Answer:
    """One solver in a child with a limit on time and memory."""
    start = time.perf_counter()
    command = [sys.executable, "-I", "-c", CHILD, solver, str(MEMORY), str(int(seconds * 1000))]
    try:
        done = subprocess.run(command, input=script, capture_output=True, text=True, timeout=seconds + 2, check=False)
        data = json.loads(done.stdout) if done.returncode == 0 and done.stdout else {}
    except subprocess.TimeoutExpired:
        data = {}
    values = {name: None if v is None else Fraction(v) for name, v in data.get("values", {}).items()}
    return Answer(solver, data.get("status", "unknown"), values, time.perf_counter() - start)


CHILD = """
import json, resource, sys
solver, memory, limit = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
text = sys.stdin.read()
values = {}
if solver == "z3":
    import z3
    s = z3.Tactic("qfnra-nlsat").solver() if "smt" not in sys.argv[4:] else z3.Solver()
    s.set("timeout", limit)
    s.add(z3.parse_smt2_string(text))
    status = str(s.check())
    if status == "sat":
        model = s.model()
        for d in model.decls():
            v = model[d]
            exact = v if z3.is_rational_value(v) else v.approx(40) if z3.is_algebraic_value(v) else None
            values[d.name()] = None if exact is None else str(exact.as_fraction())
else:
    import cvc5
    tm = cvc5.TermManager() if hasattr(cvc5, "TermManager") else None
    s = cvc5.Solver(tm) if tm else cvc5.Solver()
    s.setOption("tlimit", str(limit)); s.setLogic("QF_NRA")
    parser = cvc5.InputParser(s)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "claim")
    symbols = parser.getSymbolManager()
    while True:
        command = parser.nextCommand()
        if command.isNull():
            break
        command.invoke(s, symbols)
    result = s.checkSat()
    status = "sat" if result.isSat() else "unsat" if result.isUnsat() else "unknown"
print(json.dumps({"status": status, "values": values}))
"""


def statement(script: Script, assumptions: Sequence[Term], goal: Term) -> str:
    """The text whose unsatisfiability proves the goal under the assumptions."""
    given = [script.write(a) for a in assumptions]
    denied = script.write(goal)
    script.gram()
    return "\n".join([*script.lines, *(f"(assert {g})" for g in given), f"(assert (not {denied}))", ""])
