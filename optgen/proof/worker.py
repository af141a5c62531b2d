"""The parent's side of `proof.child`: a process that is started when needed, and killed when it takes too long."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from selectors import EVENT_READ, DefaultSelector
from typing import Any

GRACE = 2.0  # beyond the solver's own limit
COMMAND = [sys.executable, "-m", "optgen.proof.child"]


class Worker:
    """Attempts one after the other in a child; a context manager, so that no child outlives it."""

    def __init__(self) -> None:
        self.child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def ask(self, attempt: str, seconds: float, **request: Any) -> tuple[Mapping[str, Any], float]:
        """The answer and the seconds it took; {"failed": reason} if there is none."""
        start = time.perf_counter()
        child = self.running()
        line = json.dumps({"attempt": attempt, "seconds": seconds, **request}) + "\n"
        try:
            assert child.stdin is not None
            child.stdin.write(line.encode())
            child.stdin.flush()
            answer = self.read(child, seconds + GRACE)
        except (BrokenPipeError, ConnectionError):
            answer = None
        except BaseException:  # Ctrl-C: the child is in the middle of something
            self.stop()
            raise
        if answer is None:
            self.stop()
            return {"failed": "stopped at its limit"}, time.perf_counter() - start
        return json.loads(answer), time.perf_counter() - start

    def running(self) -> subprocess.Popen[bytes]:
        if self.child is None or self.child.poll() is not None:
            environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
            self.child = subprocess.Popen(
                COMMAND,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,  # with its own children it is stopped as one, and Ctrl-C comes to the parent
            )
        return self.child

    def read(self, child: subprocess.Popen[bytes], seconds: float) -> bytes | None:
        """A line of the child, or None if it ends or the time is over."""
        assert child.stdout is not None
        limit = time.monotonic() + seconds
        found = b""
        with DefaultSelector() as selector:
            selector.register(child.stdout, EVENT_READ)
            while not found.endswith(b"\n"):
                left = limit - time.monotonic()
                if left <= 0 or not selector.select(left):
                    return None
                part = os.read(child.stdout.fileno(), 1 << 16)
                if not part:
                    return None
                found += part
        return found

    def stop(self) -> None:
        if self.child is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()
            for pipe in (self.child.stdin, self.child.stdout):
                if pipe is not None:
                    pipe.close()
            self.child = None
