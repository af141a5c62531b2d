"""The last ulps of a find: its constants are shaken on the island's inputs and on what sweeps of it find worst."""

from __future__ import annotations

import numpy as np

from optgen.evolution.hardware.fit import shake
from optgen.evolution.hardware.island import Island, empty_like
from optgen.evolution.hardware.machine import Program, copy, workspace
from optgen.evolution.hardware.points import Source, values
from optgen.functions.certificate import Claim, Proof, prove
from optgen.functions.floats import float_of
from optgen.functions.reference import Reference

ROUNDS = 12
TRIES = 3000


def polished(
    program: Program, island: Island, given: Source, claim: Claim, reality: Reference, seed: int
) -> tuple[Program, Proof]:
    """The program with constants whose quick sweep holds, or the last that was tried, with that sweep.

    Each round another sweep adds the argument that it finds worst; a program whose worst argument is not plain, or
    known, is left.
    """
    made = empty_like(island)
    copy(program, made)
    used = island.used[0]
    x, truth, unit = island.inputs[:used], island.truth[:used], island.unit[:used]
    state = np.array([seed], np.uint64)
    for turn in range(ROUNDS):
        shake(made, x, truth, unit, TRIES, np.inf, workspace(len(x)), state)
        proof = prove(given.origin.with_plain(made), claim, full=False, seed=seed + turn, against=reality)
        worst = np.array([float_of(proof.findings.worst)], np.float32)
        if proof.holds or not given.origin.plain(worst)[0] or worst[0] in x:
            break
        more = values(given.blocks, worst)
        x, truth, unit = (np.append(old, new) for old, new in zip((x, truth, unit), more, strict=True))
    return made, proof
