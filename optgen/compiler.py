"""The only place that composes rooms: text -> tree -> Program -> functions -> code -> Solver.

Everything a user calls that needs more than one room is here.
"""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optgen.diagnostics import Diagnostic, Source, Span, SpecError, suggestion
from optgen.language import tree
from optgen.language.parser import parse as parse_tree

if TYPE_CHECKING:
    from optgen.ir.claims import Region
    from optgen.ir.program import Function, Program
    from optgen.runtime import Solver

BACKENDS = ("llvm", "numba", "jax", "numpy", "reference")
DTYPES = ("float64", "float32")
FUNCTIONS = ("own", "libm")
BEYOND_JAX = {"bessel_j0", "bessel_j1", "airy_ai", "airy_ai_prime"}  # what jax.scipy.special does not have
JOINED = ("llvm",)  # where one function makes the steps and says what holds at their end


@dataclass(frozen=True, slots=True)
class Spec:
    """A parsed file of specs as a value."""

    file: tree.File
    folder: Path | None = None

    @property
    def contents(self) -> list[tuple[str, str, str]]:
        """(kind, name, documentation) of each top-level block that has a name."""
        rows = []
        for item in self.file.body:
            if isinstance(item, tree.Group) and item.name and item.kind not in ("claim",):
                docs = item.lines("doc")
                rows.append((item.kind, item.name, docs[0].text if docs else ""))
            elif isinstance(item, tree.Line) and item.kind == "specialise":
                rows.append(("algorithm", item.names[0], f"= {item.expr.span.text}" if item.expr is not None else ""))
        return rows

    def names(self, kind: str) -> list[str]:
        """Names of the blocks of a kind, in the order of the text."""
        return [name for found, name, _ in self.contents if found == kind]

    def __repr__(self) -> str:
        return f"Spec({', '.join(f'{kind} {name}' for kind, name, _ in self.contents)})"


def load(path: str | os.PathLike[str]) -> Spec:
    """The specs of a file.  Raises SpecError with every error of its layout and syntax, or if it can't be read."""
    place = Path(path)
    try:
        text = place.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else (error.strerror or str(error))
        raise SpecError([Diagnostic("E0501", f"can't read {place}: {reason}")]) from None
    return Spec(parse_tree(Source(str(place), text)), place.parent)


def parse(text: str, name: str = "<text>") -> Spec:
    """The specs of a text.  Raises SpecError with every error of its layout and syntax."""
    return Spec(parse_tree(Source(name, text)))


def check(path: str | os.PathLike[str] | Spec) -> tuple[Diagnostic, ...]:
    """Every error and warning of a file or spec, in the order of the text."""
    from optgen.passes.lower import check as check_tree

    try:
        spec = path if isinstance(path, Spec) else load(path)
    except SpecError as error:
        return error.diagnostics
    return check_tree(spec.file, _shipped(spec.folder))


# ---------------------------------------------------------------- names of other files


def _shipped(folder: Path | None) -> Callable[[str], tree.File | None]:
    """Finds a file by the path of a `use`, else a shipped spec by the name of one of its blocks."""
    from optgen.shipped import function_paths

    loaded: dict[Path, tree.File] = {}
    homes: list[Mapping[str, Path]] = []  # read when a name is first looked for

    def read(path: Path) -> tree.File:
        if path not in loaded:
            loaded[path] = _parsed(path, _stamp(path))
        return loaded[path]

    def find(name: str) -> tree.File | None:
        if name.endswith(".opt") or "/" in name:
            path = (folder or Path()) / (name if name.endswith(".opt") else f"{name}.opt")
            return read(path) if path.is_file() else None
        if not homes:
            homes.extend((defined_in(), function_paths()))
        home = next((found[name] for found in homes if name in found), None)
        return None if home is None else read(home)

    return find


def defined_in() -> Mapping[str, Path]:
    """The shipped file in which each top-level name is defined; a file's own name comes before names inside others."""
    from optgen.shipped import paths

    return _defined(tuple((path, _stamp(path)) for path in paths().values()))


Stamp = tuple[int, int]


def _stamp(path: Path) -> Stamp:
    """What changes when a file is written anew."""
    status = os.stat(path)
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=256)
def _parsed(path: Path, stamp: Stamp) -> tree.File:
    return load(path).file


@lru_cache(maxsize=1)
def _defined(files: tuple[tuple[Path, Stamp], ...]) -> Mapping[str, Path]:
    found: dict[str, Path] = {}
    for path, _ in files:
        for name in _DEFINES.findall(path.read_text(encoding="utf-8")):
            if name not in found or path.stem == name:
                found[name] = path
    return found


_DEFINES = re.compile(
    r"^(?:(?:algorithm|problem|network|function|sde|ode|let)\s+)?([A-Za-z_]\w*)(?=\s*(?:\(|=|$))", re.MULTILINE
)


# ---------------------------------------------------------------- lowering


def choose(spec: Spec, kind: str, name: str | None) -> str:
    """The name of the algorithm: given, or the only one of the file."""
    known = spec.names(kind)
    if name is not None:
        return name
    if len(known) == 1:
        return known[0]
    if not known:
        raise SpecError([Diagnostic("E0409", f"the file has no {kind}", spec.file.span)])
    first = f"{kind}={known[0]!r}"
    raise SpecError(
        [Diagnostic("E0409", f"the file has several {kind}s ({', '.join(known)})", help=f"choose one: {first}")]
    )


def lowered(
    spec: Spec,
    algorithm: str | None = None,
    problem: str | None = None,
    schedules: frozenset[str] = frozenset(),
    batch: bool = False,
    fixed: Mapping[str, Any] | None = None,
) -> Program:
    """The Program of an algorithm on a problem.  Raises SpecError with all that is wrong."""
    from optgen.passes.lower import Options, lower

    name = choose(spec, "algorithm", algorithm)
    if problem is None and len(spec.names("problem")) == 1 and _fits_no_data(spec, name):
        problem = spec.names("problem")[0]
    for kind, chosen in (("algorithm", name), ("problem", problem)):
        known = [found for _, found, _ in spec.contents]
        if chosen is not None and chosen not in known and chosen not in defined_in():
            hint = suggestion(chosen, [*known, *defined_in()])
            raise SpecError([Diagnostic("E0409", f"there is no {kind} {chosen}", help=hint)])
    options = Options(batch, schedules, fixed or {})
    program, _ = lower(spec.file, name, problem, _shipped(spec.folder), options)
    return program


def _fits_no_data(spec: Spec, name: str) -> bool:
    """Whether an algorithm of the file has a function argument, so that the file's only problem is meant."""
    group = next((g for g in spec.file.groups("algorithm") if g.name == name), None)
    if group is None:
        return True
    declared = {
        d.target.name
        for line in group.lines("data", "param", "dim")
        for d in line.declarations
        if isinstance(d.target, tree.Name)
    }
    return any(parameter.name not in declared for parameter in group.parameters)


# ---------------------------------------------------------------- compiling


def compile(
    spec: Spec | str,
    algorithm: str | None = None,
    problem: str | None = None,
    f: Any = None,
    backend: str = "llvm",
    dtype: str = "float64",
    functions: str = "own",
    **fixed: Any,
) -> Solver:
    """A solver: the algorithm of a spec on a problem.

    solver = optgen.compile(optgen.load("specs/adabelief.opt"), problem="logistic")
    result = solver(A=A, y=y, lr=1e-2, steps=500)

    `algorithm` and `problem` may be left out where the file has one.  `f` is an objective made by Python in place of a
    problem (`optgen.objective`), or a dict of them by the names of the function arguments; then Python drives.
    `backend` is llvm, numba, jax, numpy or reference; `dtype` float64 or float32; `functions` (of llvm) are its "own",
    in vectors, or the C library's, "libm", one number at a time.  Further keywords fix params and dims to numbers at
    compile time.  Raises SpecError with everything that is wrong with the spec.
    """
    if isinstance(spec, str):
        spec = parse(spec)
    _known("backend", backend, BACKENDS)
    _known("dtype", dtype, DTYPES)
    _known("choice of functions", functions, FUNCTIONS if backend == "llvm" else FUNCTIONS[:1])
    constants = {name: _constant(name, value) for name, value in fixed.items()}
    if f is not None:
        named = f if isinstance(f, Mapping) else {"": f}
        objectives = {argument: as_objective(one) for argument, one in named.items()}
        return _with_objectives(spec, algorithm, objectives, dtype, constants)
    engine = _engine(backend, dtype, functions)

    def variant(schedules: frozenset[str], batch: bool) -> Solver:
        program = _complete(lowered(spec, algorithm, problem, schedules, batch, constants))
        return _solver(program, engine, backend, dtype, variant)

    return variant(frozenset(), False)


def _complete(program: Program) -> Program:
    """A program without open function arguments, or a SpecError that names them."""
    if program.oracles:
        names, several = " and ".join(program.oracles), len(program.oracles) > 1
        arguments = "arguments" if several else "argument"
        sentence = f"nothing says what the function {arguments} {names} of {program.name} should be"
        give = "problem=NAME (optgen list shows those that ship)" + ("" if several else ", or f=optgen.objective(..)")
        raise SpecError([Diagnostic("E0410", sentence, help=give)])
    return program


@dataclass(frozen=True, slots=True)
class Objective:
    """A function that Python computes, `value(x)`, with `grad(x)`, `hvp(x, v)` and `prox(z, t)` where they are known.

    An operator has vectors as values, and `resolvent(z, t)`.
    """

    value: Callable[..., Any]
    grad: Callable[..., Any] | None = None
    hvp: Callable[..., Any] | None = None
    prox: Callable[..., Any] | None = None
    resolvent: Callable[..., Any] | None = None


def objective(
    value: Callable[..., Any],
    grad: Callable[..., Any] | None = None,
    hvp: Callable[..., Any] | None = None,
    prox: Callable[..., Any] | None = None,
    resolvent: Callable[..., Any] | None = None,
) -> Objective:
    """An objective for `compile(spec, f=...)`: Python drives the solve, and what these functions raise is raised.

    f = optgen.objective(scipy.optimize.rosen, grad=scipy.optimize.rosen_der)
    optgen.compile(optgen.specs.adam, f=f)(x=x0)
    """
    return Objective(value, grad, hvp, prox, resolvent)


def as_objective(f: Any) -> Objective:
    if isinstance(f, Objective):
        return f
    if callable(f):
        return Objective(f)
    raise SpecError(
        [Diagnostic("E0612", f"f is a {type(f).__name__}, not a function", help="f = optgen.objective(value, grad)")]
    )


def _with_objectives(
    spec: Spec, algorithm: str | None, given: Mapping[str, Objective], dtype: str, constants: Mapping[str, Any]
) -> Solver:
    """The solver of an algorithm whose function arguments Python computes; the name "" stands for the only one."""
    from optgen.passes.lower import Options, lower

    name = choose(spec, "algorithm", algorithm)
    program, _ = lower(spec.file, name, None, _shipped(spec.folder), Options(fixed=constants))
    takes = ", ".join(program.oracles) or "none"
    if "" in given and len(program.oracles) != 1:
        raise SpecError([Diagnostic("E0410", f"f stands for one function argument, and {name} has {takes}")])
    named = {argument or program.oracles[0]: objective for argument, objective in given.items()}
    for wrong in (n for n in (*named, *program.oracles) if (n in named) != (n in program.oracles)):
        says = "and f has none of that name" if wrong in program.oracles else "and none of them has that name"
        raise SpecError([Diagnostic("E0410", f"{name} has the function arguments {takes}, {says}: {wrong}")])
    oracles: dict[str, Callable[..., Any]] = {}
    for argument, objective in named.items():
        for way in ("", "grad", "hvp", "prox", "resolvent"):
            known = getattr(objective, way or "value")
            oracles[f"oracle {argument}" + f".{way}" * bool(way)] = known or _missing(name, argument, way)
    return driven(program, oracles, dtype)


def _missing(name: str, argument: str, way: str) -> Callable[..., Any]:
    def complain(*_: Any) -> Any:
        fix = f"f = optgen.objective(value, {way}=..)"
        raise SpecError([Diagnostic("E0612", f"{name} needs {way} of {argument}, and f does not give it", help=fix)])

    return complain


def driven(program: Program, oracles: Mapping[str, Callable[..., Any]], dtype: str = "float64") -> Solver:
    """A solver of a program whose functions Python computes, on the reference evaluator."""
    return _solver(program, asking(oracles, dtype), "python", dtype, None)


def asking(oracles: Mapping[str, Callable[..., Any]], dtype: str = "float64") -> Any:
    """An engine that runs functions on the reference evaluator, where Python computes what they ask."""
    from optgen.ir.evaluate import evaluate
    from optgen.passes import pipeline

    def kernel(function: Function) -> Any:
        ready = pipeline.expand(function)
        return lambda dims, arrays: evaluate(ready, dims, arrays, dtype, oracles)

    return lambda functions: [kernel(function) for function in functions]


def _solver(program: Program, engine: Any, backend: str, dtype: str, variant: Any) -> Solver:
    from optgen.passes.assemble import assemble
    from optgen.runtime import Solver
    from optgen.runtime.claims import watch
    from optgen.runtime.code import code_of
    from optgen.runtime.table import build

    functions = assemble(program, joined=backend in JOINED)
    _refuse_special(functions.values(), backend)
    code = code_of(program, dict(zip(functions, engine([*functions.values()]), strict=True)))
    # defaults and domains are computed once a call, so they are plain array code and compile at once
    around = _engine("numpy", dtype) if backend in ("llvm", "numba", "jax") else engine
    table = build(program, lambda function: around([function])[0], dtype)
    return Solver(code, table, backend, dtype, variant, watch(table, _known_verdicts))


def _refuse_special(functions: Iterable[Function], backend: str) -> None:
    """SpecError where a function of mathematics is needed for which a backend has no code."""
    from optgen.ir import nodes as ir
    from optgen.ir import walk
    from optgen.ir.formulas import FORMULAS
    from optgen.ir.special import SPECIAL

    without = {*SPECIAL} - {*FORMULAS}
    lacking = {"llvm": without, "numba": without, "jax": BEYOND_JAX}
    roots = [tensor for function in functions for _, tensor in function.results]
    for node in walk.postorder(roots) if backend in lacking else ():
        if isinstance(node, ir.Operation) and node.name in lacking[backend]:
            others = [other for other in ("jax", "numpy") if node.name not in lacking.get(other, ())]
            fix = f"compile with backend={' or '.join(map(repr, others))}"
            raise SpecError([Diagnostic("E0612", f"the {backend} backend has no code for {node.name}", help=fix)])


def _known_verdicts(regions: Sequence[Region]) -> Mapping[Span, str]:
    """What was found of claims on this machine before; "" where nobody asked."""
    from optgen.verification import known

    return known({region.span: region.claim for region in regions})


def _engine(backend: str, dtype: str, functions: str = "own") -> Callable[[Sequence[Function]], list[Any]]:
    """Functions to kernels: passes, then the backend's compiler; code is made when a kernel is first called."""
    from optgen.passes import pipeline

    if backend == "reference":
        from optgen.ir.evaluate import evaluate

        def reference(function: Function) -> Any:
            ready = pipeline.expand(function)
            return lambda dims, arrays: evaluate(ready, dims, arrays, dtype)

        return lambda functions: [reference(function) for function in functions]
    from importlib import import_module

    module = import_module(f"optgen.backends.{backend}")
    if backend == "llvm":
        from optgen.elementwise import implementation

        keep, programs = _kept_code(), implementation if functions == "own" else module.c_library
        return lambda parts: list(
            module.compile_functions([pipeline.run(function) for function in parts], dtype, keep, programs)
        )
    return lambda functions: [module.compile_function(pipeline.run(function), dtype) for function in functions]


def _kept_code() -> Callable[[str, Callable[[], bytes]], bytes]:
    """Object code by the content it is made from, in the user's cache directory."""
    from optgen.runtime.cache import key, user_store

    store = user_store()

    def keep(content: str, make: Callable[[], bytes]) -> bytes:
        name = key(content)
        found = store.get(name)
        if found is not None:
            return found[0]
        code = make()
        store.put(name, code, {"bytes": len(code)})
        return code

    return keep


def _known(what: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        hint = suggestion(value, choices)
        raise SpecError(
            [Diagnostic("E0612", f"there is no {what} {value}", help=hint or f"{what}s are {', '.join(choices)}")]
        )


def _constant(name: str, value: Any) -> Any:
    """A Python number as a value of the language."""
    from fractions import Fraction

    from optgen.ir import nodes as ir
    from optgen.passes.lower.values import number

    if isinstance(value, bool | int):
        return number(ir.constant(value))
    if isinstance(value, float):
        return number(ir.constant(Fraction(repr(value))))
    raise SpecError(
        [
            Diagnostic(
                "E0612",
                f"{name} can be fixed to a number, not to a {type(value).__name__}",
                help="fix functions in the spec: name = algorithm(K = norm1)",
            )
        ]
    )


# ---------------------------------------------------------------- looking inside


def explain(spec: Spec, algorithm: str | None = None, problem: str | None = None) -> Iterator[tuple[str, str, float]]:
    """(stage, text, seconds) of a program: as lowered, its step function after each pass, its vector loops in llvm."""
    import time

    from optgen.backends.llvm import vector_loops
    from optgen.ir.printer import print_function, print_program
    from optgen.passes import pipeline
    from optgen.passes.assemble import assemble

    begun = time.perf_counter()
    program = lowered(spec, algorithm, problem)
    seconds = time.perf_counter() - begun
    yield "lower", print_program(program), seconds
    begun = time.perf_counter()
    functions = assemble(program, joined=True)
    yield "assemble", "\n\n".join(print_function(f) for f in functions.values()), time.perf_counter() - begun
    for name, function in functions.items():
        if name.startswith("advance"):
            for stage, made, seconds in pipeline.stages(function):
                yield f"{stage} ({name})", print_function(made), seconds
    begun = time.perf_counter()
    counts = {name: vector_loops(pipeline.run(function)) for name, function in functions.items()}
    lines = [*(f"{name}: {count}" for name, count in counts.items()), f"in all: {sum(counts.values())}"]
    yield "vector loops (llvm)", "\n".join(lines), time.perf_counter() - begun


def source(
    spec: Spec, algorithm: str | None = None, problem: str | None = None, backend: str = "numpy", dtype: str = "float64"
) -> str:
    """The code of a method on a problem: a Python file for numpy, numba and jax, the module's text for llvm."""
    from importlib import import_module

    from optgen.passes import pipeline
    from optgen.passes.assemble import assemble

    _known("backend", backend, BACKENDS[:-1])
    _known("dtype", dtype, DTYPES)
    program = _complete(lowered(spec, algorithm, problem))
    assembled = assemble(program, joined=backend in JOINED).values()
    _refuse_special(assembled, backend)
    functions = [pipeline.run(function) for function in assembled]
    header = _header(spec, program, problem, backend, dtype)
    return import_module(f"optgen.backends.{backend}").source(functions, dtype, header)  # type: ignore[no-any-return]


def _header(spec: Spec, program: Program, problem: str | None, backend: str, dtype: str) -> str:
    from optgen import __version__

    where = Path(spec.file.span.source.name).name
    on = f" on {problem}" if problem else ""
    chosen = f" --problem {problem}" if problem else ""
    command = f"optgen compile {where} --algorithm {program.name}{chosen} --backend {backend}"
    command += f" --dtype {dtype}" if dtype != "float64" else ""
    lines = [
        *textwrap.wrap(f"{program.name}{on}: {program.doc}".rstrip(": "), 110),
        "",
        f"Written by optgen {__version__} from {where}; do not edit.  Again:",
        f"    {command}",
    ]
    return "\n".join(lines)
