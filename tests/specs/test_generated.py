"""generated/ is what the compiler writes today, and stands alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from optgen.generated import files

KEPT = Path(__file__).parents[2] / "generated"


def test_the_kept_code_is_what_the_compiler_writes():
    made = dict(files())
    kept = {str(path.relative_to(KEPT)): path.read_text(encoding="utf-8") for path in KEPT.rglob("*.py")}
    assert sorted(made) == sorted(kept)
    changed = [name for name in made if made[name] != kept[name]]
    assert not changed, f"run scripts/generate: {', '.join(changed)}"


@pytest.mark.parametrize("path", sorted(KEPT.rglob("*.py")), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_kept_code_imports_nothing_of_optgen(path):
    text = path.read_text(encoding="utf-8")
    assert "import optgen" not in text and "from optgen" not in text
    compile(text, str(path), "exec")
