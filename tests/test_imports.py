"""Who may import whom, and what a short command must not load."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "optgen"
LEAF = {"diagnostics"}
COMPOSERS = {"compiler", "elementwise", "finds", "searching", "verification", "__init__", "__main__"}

# room -> rooms it may import, besides itself and diagnostics; COMPOSERS import all
ALLOWED: dict[str, set[str]] = {
    "diagnostics": set(),
    "language": set(),
    "ir": set(),
    "symbolic": {"language", "ir"},
    "passes": {"language", "ir", "symbolic"},
    "backends": {"ir", "passes"},
    "runtime": {"ir", "backends"},
    "datasets": set(),
    "experiments": {"language", "datasets"},
    "shipped": {"compiler", "elementwise"},
    "bench": {"shipped", "evolution", "experiments"},
    "generated": {"compiler", "shipped"},
    "functions": {"ir", "symbolic", "backends"},
    "evolution": {"ir", "symbolic", "functions"},
    "proof": {"ir", "symbolic"},
}
# what users see of a room under its own name: `optgen.functions.gelu` is a shipped function
FACES = {"functions/__init__.py": {"shipped"}}
PUBLIC = {"optgen", "optgen.shipped", "optgen.experiments", "optgen.diagnostics", "optgen.diagnostics.render",
          "optgen.diagnostics.codes", "optgen.runtime", "optgen.evolution", "optgen.bench",
          "optgen.bench.machine", "optgen.verification"}  # fmt: skip
LANGUAGE_IN_PASSES = "lower"
HEAVY = ("numpy", "sympy", "jax", "numba", "llvmlite", "scipy", "matplotlib", "rich", "lark")


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py"))


def imported(path: Path) -> set[str]:
    """The optgen modules a file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path} imports relatively"
            found.add(node.module)
            if node.module == "optgen":
                found |= {f"optgen.{alias.name}" for alias in node.names if is_module(alias.name)}
    return {name for name in found if name.split(".")[0] == "optgen"}


def is_module(name: str) -> bool:
    return (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").is_file()


def room(name: str) -> str:
    """`ir` of `optgen.ir.nodes`; empty for the package itself."""
    return name.split(".")[1] if "." in name else ""


def room_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_follow_the_arrows(path):
    here = room_of(path)
    rooms = {room(name) for name in imported(path)} - {"", here} - LEAF
    if here in COMPOSERS:
        return
    if here in ("cli", "adapters"):
        outside = {name for name in imported(path) if room(name) not in ("", here)}
        assert {name for name in outside if not (PACKAGE / f"{room(name)}.py").exists()} <= PUBLIC
        return
    rooms -= FACES.get(path.relative_to(PACKAGE).as_posix(), set())
    assert rooms <= ALLOWED[here], f"{here} must not import {', '.join(sorted(rooms - ALLOWED[here]))}"


def test_only_lowering_reads_the_tree_of_a_spec():
    for path in modules():
        if room_of(path) == "passes" and LANGUAGE_IN_PASSES not in path.parts:
            assert "language" not in {room(name) for name in imported(path)}, path


def test_a_backend_knows_no_other_backend():
    families = {path.name for path in (PACKAGE / "backends").iterdir() if path.is_dir()} - {"arrays", "__pycache__"}
    for path in modules():
        if room_of(path) != "backends" or path.parent == PACKAGE / "backends":
            continue
        own = path.relative_to(PACKAGE / "backends").parts[0]
        for name in imported(path):
            parts = name.split(".")
            if len(parts) > 2 and parts[1] == "backends" and parts[2] in families:
                assert parts[2] == own, f"{path} imports {name}"


def loaded_after(code: str) -> set[str]:
    """Which of the heavy packages are loaded after running code in a new process."""
    script = f"{code}\nimport sys; print(*[n for n in {HEAVY!r} if n in sys.modules])"
    made = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=PACKAGE.parent, check=True
    )
    return set(made.stdout.splitlines()[-1].split())


def test_import_optgen_loads_nothing_heavy():
    assert loaded_after("import optgen") == set()


def test_check_loads_nothing_heavy():
    spec = PACKAGE.parent / "specs" / "adabelief.opt"
    assert loaded_after(f"import optgen; assert optgen.check({str(spec)!r}) == ()") == set()


def test_compiling_loads_only_its_backend():
    code = "import optgen; s = optgen.compile(optgen.specs.adabelief, problem='logistic', backend='numpy')"
    assert loaded_after(code) <= {"numpy"}


def test_the_version_is_that_of_the_project():
    import tomllib

    import optgen

    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["version"] == optgen.__version__


def test_every_public_name_is_there():
    import optgen

    for name in optgen.__all__:
        assert getattr(optgen, name) is not None
    with pytest.raises(AttributeError, match="optgen has no compil"):
        optgen.compil  # noqa: B018
