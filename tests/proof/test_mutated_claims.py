"""Lines of shipped claims with one thing changed: whatever is proved of them holds where it is run."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from optgen.compiler import Spec, parse
from optgen.diagnostics import SpecError
from optgen.ir.claims import Claim, Relation
from optgen.passes.differentiate import differentiate
from optgen.proof.attack import MistranslatedError, attack_members
from optgen.proof.domains import Contradiction
from optgen.proof.extract import extracted
from optgen.proof.instances import attack_lemma
from optgen.proof.interpolation import ClassError
from optgen.proof.lemma import questions
from optgen.proof.quantities import NotLinear
from optgen.proof.slopes import Unreadable
from optgen.verification import claims_of, verdicts

FILES = sorted([*Path("specs").glob("*.opt"), *Path("specs/claims").glob("*.opt")])
OTHER_SEEDS = range(5000, 5600)
CHANGES: tuple[tuple[str, str], ...] = (
    (r"<=", ">="),
    (r">=", "<="),
    (r"(?<=\S) \+ (?=\S)", " - "),
    (r"(?<=\S) - (?=\S)", " + "),
    (r"(?<=\w)'", ""),
    (r"\^2", ""),
    (r"\b2\b", "3"),
    (r"\b2\b", "1"),
    (r"\b1\b", "2"),
    (r"\b1\b", "0.9"),
    (r"\bsqnorm\b", "2*sqnorm"),
    (r"\blr\b", "(2*lr)"),
)


def claims_in(text: str) -> Iterator[str]:
    """A file once for each of its claims, without the others, and without experiments."""
    lines = text.split("\n")
    starts = [k for k, line in enumerate(lines) if re.match(r" *(claim|experiment)\b", line)]
    spans = {k: block_end(lines, k) for k in starts}
    for kept in (k for k in starts if lines[k].lstrip().startswith("claim")):
        gone = {n for k, end in spans.items() if k != kept for n in range(k, end)}
        yield "\n".join(line for n, line in enumerate(lines) if n not in gone)


def block_end(lines: list[str], start: int) -> int:
    indent = len(lines[start]) - len(lines[start].lstrip())
    for k in range(start + 1, len(lines)):
        if lines[k].strip() and len(lines[k]) - len(lines[k].lstrip()) <= indent:
            return k
    return len(lines)


def mutants(text: str) -> Iterator[str]:
    """The file with one change in a line that is to be proved."""
    for line in re.findall(r"^ *(?:prove|refute) .*$", text, re.MULTILINE):
        for pattern, new in CHANGES:
            for found in re.finditer(pattern, line):
                changed = line[: found.start()] + new + line[found.end() :]
                yield text.replace(line, changed.replace("refute ", "prove ", 1), 1)


def sampled(count: int, seed: int) -> list[Spec]:
    texts = [m for path in FILES for one in claims_in(path.read_text(encoding="utf-8")) for m in mutants(one)]
    random.Random(seed).shuffle(texts)
    found: list[Spec] = []
    for text in texts:
        try:
            spec = parse(text)
            if len(claims_of(spec)) == 1:
                found.append(spec)
        except SpecError:
            continue  # a change that makes no sense
        if len(found) == count:
            break
    return found


def fails_somewhere(claim: Claim) -> bool:
    """Whether a claim fails at numbers and members that the prover has not seen."""
    try:
        if not claim.classes:
            attack_lemma(claim, list(questions(claim)), differentiate, OTHER_SEEDS)
        for goal in claim.goals if claim.classes else ():
            for found in extracted(claim, goal) if isinstance(goal, Relation) else ():
                attack_members(claim, goal, found, differentiate, OTHER_SEEDS)
    except MistranslatedError:
        return True
    except (Unreadable, NotLinear, ClassError, Contradiction):
        return False
    return False


def no_false_verdict(spec: Spec) -> str:
    (claim,) = claims_of(spec)
    try:
        (found,) = verdicts(spec, 3.0, cache=False)
    except SpecError:
        return "an error"
    assert not (found.verdict == "proved" and fails_somewhere(claim)), spec.file.span.source.text
    assert found.verdict != "refuted" or found.words, found
    return found.verdict


def test_changes_are_made_one_at_a_time():
    (one, two, *_) = mutants('claim "c"\n  for all a\n  prove a + 1 <= a + 2\n')
    assert one.endswith("prove a + 1 >= a + 2\n") and two.endswith("prove a - 1 <= a + 2\n")


def test_some_changed_claims():
    assert "refuted" in {no_false_verdict(spec) for spec in sampled(8, 1)}


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_two_hundred_changed_claims(part):
    verdicts_ = [no_false_verdict(spec) for spec in sampled(200, 2)[part::10]]
    assert len(verdicts_) == 20 and verdicts_.count("proved") < 12
