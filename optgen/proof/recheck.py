"""Any certificate checked again from its data alone: the door to the small checkers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from optgen.proof.boxes import check_boxes
from optgen.proof.check import Report, check
from optgen.proof.meanings import check_order, check_stability
from optgen.proof.written import Rejected


def recheck(data: Mapping[str, Any]) -> Report:
    """Verify a certificate of any kind; Rejected says what does not hold.

    An `smt` certificate is not proved again: it keeps the text that two solvers answered; nor is a program run again.
    """
    kind = data.get("kind")
    if kind not in KINDS:
        raise Rejected(f"no certificate is called {kind}")
    try:
        return KINDS[str(kind)](data)
    except Rejected:
        raise
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError, ZeroDivisionError) as why:
        raise Rejected(f"not a certificate: {type(why).__name__} {why}") from None


def in_parts(data: Mapping[str, Any]) -> Report:
    from optgen.proof.verdict import weakest

    reports = [recheck(part) for part in data["parts"]]
    return Report(weakest([r.trust for r in reports]) or "exact", tuple(w for r in reports for w in r.words))


def by_solvers(data: Mapping[str, Any]) -> Report:
    solvers = " and ".join(data["solvers"])
    return Report("smt", (f"{solvers} found no numbers that satisfy what is given and violate the claim",))


def program(data: Mapping[str, Any]) -> Report:
    """A program of floats is not run again here: what it is by its hash, how it is run again, is kept."""
    from hashlib import sha256

    if data["trust"] not in ("exhaustive", "interval"):
        raise Rejected("a program is run on every input, or enclosed")
    digest = sha256(("\n".join(data["text"]) + "\n").encode()).hexdigest()
    if digest != data["program"]:
        raise Rejected("the text is of another program")
    return Report(data["trust"], (f"the text is the program {digest[:16]}; again: {data['again']}",))


KINDS: dict[str, Callable[[Mapping[str, Any]], Report]] = {
    "sum": check,
    "stability": check_stability,
    "order": check_order,
    "interval": check_boxes,
    "smt": by_solvers,
    "program": program,
    "all": in_parts,
}
