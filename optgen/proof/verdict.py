"""What is known of a claim: proved with a certificate, refuted by a counterexample, or unknown with what was tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from optgen.diagnostics import Span

TRUST = ("exact", "algebra", "interval", "exhaustive", "smt")  # from the least that has to be believed to the most

CONTRADICTS = ("what is given", "contradicts itself")  # tried, and what came of it: no proof from it is used


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on one claim.

    claim, owner: its text and the block it stands in; mode: whether the spec says prove or refute.
    trust: what a proof rests on: `exact` and `algebra` (checked again in rational arithmetic by `proof.check`),
    `interval`, `exhaustive`, `smt` (two solvers).
    certificate: the proof as data (JSON), checked before it is reported; words: what the checker checked.
    counterexample: numbers, points and functions as data, replayed before they are reported.
    bracket: how far a proof reaches where the claim as a whole is refuted or open.
    tried: (method, what came of it, seconds).
    """

    claim: str
    owner: str
    mode: Literal["prove", "refute"]
    verdict: Literal["proved", "refuted", "unknown"]
    trust: str = ""
    certificate: Mapping[str, Any] | None = None
    counterexample: Mapping[str, Any] | None = None
    bracket: str = ""
    tried: tuple[tuple[str, str, float], ...] = ()
    words: tuple[str, ...] = ()
    seconds: float = 0.0
    span: Span | None = field(default=None, compare=False)

    @property
    def as_claimed(self) -> bool:
        """Whether the verdict is what the spec says."""
        return self.verdict == ("proved" if self.mode == "prove" else "refuted")

    def to_json(self) -> dict[str, Any]:
        """The verdict as data."""
        return {
            "claim": self.claim,
            "owner": self.owner,
            "mode": self.mode,
            "verdict": self.verdict,
            "as_claimed": self.as_claimed,
            "trust": self.trust,
            "certificate": self.certificate,
            "counterexample": self.counterexample,
            "bracket": self.bracket,
            "tried": [list(t) for t in self.tried],
            "words": list(self.words),
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True, slots=True)
class Replay:
    """A counterexample run: whether it shows what it says (None: it could not be run), and with which numbers."""

    shows: bool | None
    words: str


@dataclass(slots=True)
class Part:
    """What is known of one goal, or of one of the problems it was made of."""

    status: str = "unknown"
    trust: str = ""
    certificate: Mapping[str, Any] | None = None
    counterexample: Mapping[str, Any] | None = None
    words: tuple[str, ...] = ()
    tried: list[tuple[str, str, float]] = field(default_factory=list)


def verdict_from_json(data: Mapping[str, Any], span: Span | None = None) -> Verdict:
    """Reads what `to_json` wrote; KeyError or TypeError for anything else."""
    return Verdict(
        data["claim"],
        data["owner"],
        data["mode"],
        data["verdict"],
        data["trust"],
        data["certificate"],
        data["counterexample"],
        data["bracket"],
        tuple((str(m), str(r), float(s)) for m, r, s in data["tried"]),
        tuple(data["words"]),
        float(data["seconds"]),
        span,
    )


def weakest(trusts: list[str]) -> str:
    """The trust of a proof in parts: that of the part which asks for the most."""
    return max(trusts, key=TRUST.index) if trusts else ""
