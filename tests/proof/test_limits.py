"""Solvers in children: stopped at their limits of time and memory, and with them at an interrupt; verdicts are kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

import optgen
from optgen.proof import child, smt, verify
from optgen.proof.contractions import TooLarge
from optgen.proof.lemma import questions
from optgen.proof.terms import Reader
from optgen.proof.worker import Worker
from optgen.verification import as_spec, claims_of

ROOT = Path(__file__).parent.parent.parent
SPEC = """algorithm walk(f)
  param lr in (0, inf)
  state x : space(f)
  step
    x' = x - lr*grad f(x)
  claim "falls"
    given f in smooth(L), lr in (0, 2/L)
    prove f(x') <= f(x)
"""


def started(code: str) -> subprocess.Popen[str]:
    """Python in a process of its own that listens to interrupts, whatever this one was told."""
    listening = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    script = listening + textwrap.dedent(code)
    return subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"


def test_a_child_that_wants_more_memory_than_its_limit_fails_as_data(monkeypatch):
    code = """
    from optgen.proof import child
    child.ATTEMPTS["greedy"] = lambda request: {"size": len(bytearray(3 * 2**30))}
    child.main()
    """
    monkeypatch.setattr("optgen.proof.worker.COMMAND", [sys.executable, "-c", textwrap.dedent(code)])
    with Worker() as worker:
        answer, _ = worker.ask("greedy", 20.0)
        assert answer == {"failed": "out of memory"}
        again, _ = worker.ask("greedy", 20.0)  # the child lives on
        assert again == {"failed": "out of memory"}
    assert child.MEMORY == 2 * 2**30 == smt.MEMORY


def test_a_solver_of_smt_that_takes_too_long_is_killed_and_unknown(monkeypatch):
    monkeypatch.setattr(smt, "CHILD", "import time; time.sleep(60)")
    start = time.monotonic()
    assert smt.ask("(assert true)", "z3", 0.1).status == "unknown"
    assert time.monotonic() - start < 30


def test_an_interrupt_ends_the_children_and_leaves_by_130(tmp_path):
    file = tmp_path / "walk.opt"
    file.write_text(SPEC)
    run = started(
        f"""
        import time
        from optgen.proof.worker import Worker
        from optgen.cli.group import main
        started = Worker.running
        def slow(self):
            made = started(self)
            print(made.pid, flush=True)
            return made
        Worker.running = slow
        Worker.read = lambda self, child, seconds: time.sleep(60)
        main(["verify", "--no-cache", {str(file)!r}])
        """
    )
    assert run.stdout is not None
    solver = int(run.stdout.readline())
    run.send_signal(signal.SIGINT)
    _, errors = run.communicate(timeout=30)
    assert run.returncode == 130 and "interrupted" in errors
    assert not alive(solver)


def test_a_verdict_is_kept_by_what_it_is_about(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    asked: list[str] = []
    decided = verify.decided

    def counted(claim, *rest):
        asked.append(claim.text)
        return decided(claim, *rest)

    monkeypatch.setattr(verify, "decided", counted)
    (first,) = optgen.verify(SPEC)
    (second,) = optgen.verify(SPEC)
    assert asked == ["falls"] and second.to_json() == first.to_json()
    optgen.verify(SPEC.replace("(0, 2/L)", "(0, 1/L)"))  # another text
    optgen.verify(SPEC, seconds=10.0)  # another limit
    optgen.verify(SPEC, cache=False)
    assert asked == ["falls"] * 4


def test_a_kept_verdict_that_is_damaged_is_found_again(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (first,) = optgen.verify(SPEC)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            path.write_bytes(b"{}")
    (second,) = optgen.verify(SPEC)
    assert second.verdict == first.verdict == "proved" and second.certificate == first.certificate


@pytest.mark.parametrize(
    ("power", "says"),
    [
        ("(x + y + z)^60 <= 3^60", "the power 60 of a sum of 3 terms has 1891 terms"),
        ("((x + y)^30)^30 <= 1", "the power 30 of a sum of 31 terms"),
        ("x^1000000000 <= 1", "the power 1000000000"),
        ("(x/1000)^9999 + y^2 <= 1 + z^2", "digits"),
    ],
)
def test_a_power_that_would_be_too_large_is_not_expanded(power, says):
    text = f'claim "it"\n  for all x in (0, 1), y in (0, 1), z in (0, 1)\n  prove {power}\n'
    (made,) = claims_of(as_spec(text))
    (question,) = questions(made)
    with pytest.raises(TooLarge, match=says):
        Reader(question.rules).normal(question.goal[1])
