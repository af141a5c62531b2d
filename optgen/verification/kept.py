"""Verdicts kept on disk by content: the texts of all files used, the versions of optgen and of the solvers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from optgen.diagnostics import Span

if TYPE_CHECKING:
    from optgen.proof.verdict import Verdict

SECONDS = 20.0
SOLVERS = ("clarabel", "python-flint", "z3-solver", "cvc5", "scipy", "numpy")


class Kept:
    """Verdicts on disk: of the same text, by the same versions, with the same limits."""

    def __init__(self, text: str, seconds: float) -> None:
        from optgen.runtime.cache import user_store

        self.store = user_store()
        self.parts = (text, *used_texts(), versions(), str(seconds))

    def name(self, claim: str, span: Span) -> str:
        from optgen.runtime.cache import key

        return key("verdict", *self.parts, claim, str(span.start))

    def get(self, claim: str, span: Span) -> Verdict | None:
        """The verdict on the claim of this name and place."""
        import json

        from optgen.proof.verdict import verdict_from_json

        found = self.store.get(self.name(claim, span))
        if found is None:
            return None
        try:
            return verdict_from_json(json.loads(found[0]), span)
        except (KeyError, TypeError, ValueError):
            return None

    def put(self, span: Span, verdict: Verdict) -> None:
        import json

        self.store.put(self.name(verdict.claim, span), json.dumps(verdict.to_json()).encode(), {"kind": "verdict"})


def known(claims: Mapping[Span, str]) -> dict[Span, str]:
    """By their places, the verdicts on claims that were found on this machine before; "" where there is none."""
    stores = {text: Kept(text, SECONDS) for text in {span.source.text for span in claims}}
    found = {span: stores[span.source.text].get(name, span) for span, name in claims.items()}
    return {span: "" if verdict is None else verdict.verdict for span, verdict in found.items()}


def used_texts() -> list[str]:
    """Texts of other files on which the claims may depend: those used by path, and every shipped one."""
    from optgen.shipped import paths

    return [path.read_text(encoding="utf-8") for path in paths().values()]


def versions() -> str:
    """optgen's own files and the solvers' versions."""
    from hashlib import sha256
    from importlib.metadata import PackageNotFoundError, version
    from pathlib import Path

    digest = sha256()
    for path in sorted(Path(__file__).parent.parent.rglob("*.py")):
        digest.update(path.read_bytes())
    found = []
    for package in SOLVERS:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"{package} missing")
    return " ".join((digest.hexdigest(), *found))
