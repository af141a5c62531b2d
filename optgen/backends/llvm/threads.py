"""The threads of the process that share the work of large loops: fork and join in machine code.

A loop is cut into parts whatever the number of threads, so the number of threads changes no bit of a result.  The
thread that comes to the loop takes parts itself; workers take others if they are awake in time, and nobody waits for a
thread that has not begun.  On a machine that is busy with others, callers run their loops alone.  Workers wait for a
while in a loop of their own, then sleep; Python starts them and never sees them again, and the process ends without
asking them.

Several solves at once, as in `Solver.map`, would gain nothing by more threads than cores: what counts is how many
threads are in large kernels.  The loops of those who come second, and of all when there are as many callers as
threads, are run by their callers alone.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

VARIABLE = "OPTGEN_THREADS"
PARTS = 64  # at most, of a loop
POLLS, POLLS_BETWEEN = 4_000, 80_000  # of a worker before it sleeps, the second while there is a caller: 0.1 and 2 ms
PATIENCE = 10_000  # polls of a caller before it lets others run meanwhile
# A caller takes the machine to be busy with others if it has waited for last parts longer, by LONG in nanoseconds, than
# it gained by sharing, or if it had no core for an eighth of the last WINDOW.  Then loops are not shared, and workers
# sleep, for as long as was lost, the next time for twice as long and so on up to MOST times: where cores are
# scarce, one who waits takes time from one who works, but what was lost once, by a thread of another that went to
# sleep soon after, is not lost for long.  ONCE loops shared without a loss take one of these times back.
LONG, WINDOW, ONCE, MOST = 200_000, 4_000_000, 16, 16

# Fields of the state, each group on cache lines of its own.  `ticket` is all that is taken from: the number of the
# job, how many workers may still join it, and how many parts are left, in 32, 16 and 16 bits; one who took a part
# may read `part`, `context` until it has counted it as finished.
STATE = (
    ("owned", "callers", "threads", "alone", "wall", "cpu", "caution", "debt"),
    ("ticket",),
    ("part", "context"),
    ("finished",),
    ("sleepers",),
)
FIELDS = {name: 8 * line + place for line, group in enumerate(STATE) for place, name in enumerate(group)}
WALL, CPU = (6, 16) if sys.platform == "darwin" else (1, 3)  # clocks: one that only goes forward, one of the thread
MUTEX, CONDITION, WORDS = 8 * len(STATE), 8 * len(STATE) + 16, 8 * len(STATE) + 32
PAUSES = {  # what tells a processor that a loop only waits: declaration, call
    "x86_64": ("declare void @llvm.x86.sse2.pause()", "call void @llvm.x86.sse2.pause()"),
    "aarch64": ("declare void @llvm.aarch64.hint(i32)", "call void @llvm.aarch64.hint(i32 1)"),
}


def _field(name: str) -> str:
    return f"getelementptr (i64, ptr @state, i64 {FIELDS[name]})"


def module(processor: str) -> str:
    """The text of the module: what kernels call to have their work shared, and what a worker does all its life."""
    declaration, pause = PAUSES.get(processor.replace("arm64", "aarch64"), ("", "fence acquire"))
    owned, callers, threads, alone, wall, cpu, caution, debt, *others = map(_field, FIELDS)
    ticket, part, context, finished, sleepers = others
    mutex, condition = (f"getelementptr (i64, ptr @state, i64 {place})" for place in (MUTEX, CONDITION))
    return f"""@state = global [{WORDS} x i64] zeroinitializer, align 64
declare i32 @pthread_mutex_init(ptr, ptr)
declare i32 @pthread_cond_init(ptr, ptr)
declare i32 @pthread_mutex_lock(ptr)
declare i32 @pthread_mutex_unlock(ptr)
declare i32 @pthread_cond_wait(ptr, ptr)
declare i32 @pthread_cond_broadcast(ptr)
declare i32 @sched_yield()
declare i32 @clock_gettime(i32, ptr)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
declare i64 @llvm.umin.i64(i64, i64)
declare i64 @llvm.smax.i64(i64, i64)
{declaration}

define void @optgen_reset() nounwind {{
  call void @llvm.memset.p0.i64(ptr @state, i8 0, i64 {8 * WORDS}, i1 false)
  store i64 1, ptr {threads}
  store i64 {ONCE}, ptr {caution}
  call i32 @pthread_mutex_init(ptr {mutex}, ptr null)
  call i32 @pthread_cond_init(ptr {condition}, ptr null)
  ret void
}}
define void @optgen_threads(i64 %number) nounwind {{
  store atomic i64 %number, ptr {threads} seq_cst, align 8
  store atomic i64 0, ptr {alone} seq_cst, align 8
  ret void
}}
define void @optgen_enter() nounwind {{
  %before = atomicrmw add ptr {callers}, i64 1 seq_cst
  %wall = call i64 @now(i32 {WALL})
  %cpu = call i64 @now(i32 {CPU})
  store atomic i64 %wall, ptr {wall} monotonic, align 8
  store atomic i64 %cpu, ptr {cpu} monotonic, align 8
  ret void
}}
define void @optgen_leave() nounwind {{
  %before = atomicrmw sub ptr {callers}, i64 1 seq_cst
  ret void
}}
define internal i64 @now(i32 %clock) nounwind {{
  %time = alloca [2 x i64]
  call i32 @clock_gettime(i32 %clock, ptr %time)
  %seconds = load i64, ptr %time
  %at = getelementptr i64, ptr %time, i64 1
  %rest = load i64, ptr %at
  %long = mul i64 %seconds, 1000000000
  %now = add i64 %long, %rest
  ret i64 %now
}}
define internal void @back_off(i64 %now, i64 %lost) nounwind {{
  %caution = load atomic i64, ptr {caution} monotonic, align 8
  %times = mul i64 %lost, %caution
  %pause = udiv i64 %times, {ONCE}
  %until = add i64 %now, %pause
  store atomic i64 %until, ptr {alone} monotonic, align 8
  %twice = shl i64 %caution, 1
  %more = call i64 @llvm.umin.i64(i64 %twice, i64 {ONCE * MOST})
  store atomic i64 %more, ptr {caution} monotonic, align 8
  ret void
}}
define internal i1 @open(i64 %ticket) alwaysinline nounwind {{
  %parts = and i64 %ticket, 65535
  %seats = and i64 %ticket, 4294901760
  %some.parts = icmp ne i64 %parts, 0
  %some.seats = icmp ne i64 %seats, 0
  %open = and i1 %some.parts, %some.seats
  ret i1 %open
}}
define void @optgen_share(ptr %part, ptr %context, i64 %parts) nounwind {{
entry:
  %all = load atomic i64, ptr {threads} monotonic, align 8
  %busy = load atomic i64, ptr {callers} monotonic, align 8
  %free = sub i64 %all, %busy
  %room = icmp sgt i64 %free, 0
  %several = icmp sgt i64 %parts, 1
  %worth = and i1 %room, %several
  br i1 %worth, label %measured, label %alone
measured:
  %begun = call i64 @now(i32 {WALL})
  %last = load atomic i64, ptr {wall} monotonic, align 8
  %elapsed = sub i64 %begun, %last
  %due = icmp sgt i64 %elapsed, {WINDOW}
  br i1 %due, label %look, label %choose
look:
  %cpu = call i64 @now(i32 {CPU})
  %last.cpu = load atomic i64, ptr {cpu} monotonic, align 8
  store atomic i64 %begun, ptr {wall} monotonic, align 8
  store atomic i64 %cpu, ptr {cpu} monotonic, align 8
  %used = sub i64 %cpu, %last.cpu
  %missed = sub i64 %elapsed, %used
  %eighth = udiv i64 %elapsed, 8
  %starved = icmp sgt i64 %missed, %eighth
  br i1 %starved, label %back.off, label %choose
back.off:
  call void @back_off(i64 %begun, i64 %missed)
  br label %choose
choose:
  %until = load atomic i64, ptr {alone} monotonic, align 8
  %quiet = icmp sge i64 %begun, %until
  br i1 %quiet, label %own, label %alone
own:
  %taken = cmpxchg ptr {owned}, i64 0, i64 1 acquire monotonic
  %mine = extractvalue {{ i64, i1 }} %taken, 1
  br i1 %mine, label %publish, label %alone
publish:
  store atomic i64 0, ptr {alone} monotonic, align 8
  store atomic i64 0, ptr {finished} monotonic, align 8
  store ptr %part, ptr {part}
  store ptr %context, ptr {context}
  %old = load atomic i64, ptr {ticket} monotonic, align 8
  %job = lshr i64 %old, 32
  %next.job = add i64 %job, 1
  %high = shl i64 %next.job, 32
  %seats = shl i64 %free, 16
  %low = or i64 %seats, %parts
  %new = or i64 %high, %low
  store atomic i64 %new, ptr {ticket} seq_cst, align 8
  %asleep = load atomic i64, ptr {sleepers} seq_cst, align 8
  %some.asleep = icmp ne i64 %asleep, 0
  br i1 %some.asleep, label %wake, label %take
wake:
  call i32 @pthread_mutex_lock(ptr {mutex})
  call i32 @pthread_cond_broadcast(ptr {condition})
  call i32 @pthread_mutex_unlock(ptr {mutex})
  br label %take
take:
  %seen = load atomic i64, ptr {ticket} acquire, align 8
  %left = and i64 %seen, 65535
  %some.left = icmp ne i64 %left, 0
  br i1 %some.left, label %try, label %join
try:
  %fewer = sub i64 %seen, 1
  %swapped = cmpxchg ptr {ticket}, i64 %seen, i64 %fewer acq_rel monotonic
  %got = extractvalue {{ i64, i1 }} %swapped, 1
  br i1 %got, label %work, label %take
work:
  %number = sub i64 %left, 1
  call void %part(ptr %context, i64 %number)
  %before = atomicrmw add ptr {finished}, i64 1 acq_rel
  br label %take
join:
  %own.end = call i64 @now(i32 {WALL})
  br label %poll
poll:
  %polls = phi i64 [ 0, %join ], [ %more.polls, %again ]
  %done = load atomic i64, ptr {finished} acquire, align 8
  %complete = icmp eq i64 %done, %parts
  br i1 %complete, label %joined, label %missing
missing:
  %more.polls = add i64 %polls, 1
  {pause}
  %long = icmp sgt i64 %polls, {PATIENCE}
  br i1 %long, label %yield, label %again
yield:
  call i32 @sched_yield()
  br label %again
again:
  br label %poll
joined:
  %end = call i64 @now(i32 {WALL})
  %waited = sub i64 %end, %own.end
  %own.time = sub i64 %own.end, %begun
  %before.debt = load atomic i64, ptr {debt} monotonic, align 8
  %with.wait = add i64 %before.debt, %waited
  %net = sub i64 %with.wait, %own.time
  %owed = call i64 @llvm.smax.i64(i64 %net, i64 0)
  store atomic i64 %owed, ptr {debt} monotonic, align 8
  %lost = icmp sgt i64 %owed, {LONG}
  br i1 %lost, label %withdraw, label %trust
withdraw:
  store atomic i64 0, ptr {debt} monotonic, align 8
  call void @back_off(i64 %end, i64 %owed)
  br label %release
trust:
  %caution = load atomic i64, ptr {caution} monotonic, align 8
  %some.caution = icmp sgt i64 %caution, {ONCE}
  %once.less = sext i1 %some.caution to i64
  %less = add i64 %caution, %once.less
  store atomic i64 %less, ptr {caution} monotonic, align 8
  br label %release
release:
  store atomic i64 0, ptr {owned} release, align 8
  ret void
alone:
  %some = icmp sgt i64 %parts, 0
  br i1 %some, label %each, label %finished
each:
  %k = phi i64 [ 0, %alone ], [ %k.next, %each ]
  call void %part(ptr %context, i64 %k)
  %k.next = add nuw nsw i64 %k, 1
  %more = icmp slt i64 %k.next, %parts
  br i1 %more, label %each, label %finished
finished:
  ret void
}}
define void @optgen_work() nounwind {{
entry:
  br label %look
look:
  %polls = phi i64 [ 0, %entry ], [ 0, %awake ], [ %more.polls, %wait ], [ 0, %join ], [ 0, %leave ]
  %seen = load atomic i64, ptr {ticket} acquire, align 8
  %open = call i1 @open(i64 %seen)
  br i1 %open, label %join, label %idle
idle:
  %more.polls = add i64 %polls, 1
  %callers = load atomic i64, ptr {callers} monotonic, align 8
  %expected = icmp sgt i64 %callers, 0
  %until = load atomic i64, ptr {alone} monotonic, align 8
  %wanted = icmp eq i64 %until, 0
  %soon = and i1 %expected, %wanted
  %limit = select i1 %soon, i64 {POLLS_BETWEEN}, i64 {POLLS}
  %long = icmp sgt i64 %polls, %limit
  br i1 %long, label %sleep, label %wait
wait:
  {pause}
  br label %look
join:
  %seated = sub i64 %seen, 65537
  %swapped = cmpxchg ptr {ticket}, i64 %seen, i64 %seated acq_rel monotonic
  %got = extractvalue {{ i64, i1 }} %swapped, 1
  br i1 %got, label %work, label %look
work:
  %mine = phi i64 [ %seen, %join ], [ %next, %try ]
  %left = and i64 %mine, 65535
  %number = sub i64 %left, 1
  %part = load ptr, ptr {part}
  %context = load ptr, ptr {context}
  call void %part(ptr %context, i64 %number)
  %before = atomicrmw add ptr {finished}, i64 1 acq_rel
  br label %again
again:
  %next = load atomic i64, ptr {ticket} acquire, align 8
  %job = lshr i64 %mine, 32
  %next.job = lshr i64 %next, 32
  %same = icmp eq i64 %job, %next.job
  %parts = and i64 %next, 65535
  %some = icmp ne i64 %parts, 0
  %goes.on = and i1 %same, %some
  br i1 %goes.on, label %try, label %leave
try:
  %fewer = sub i64 %next, 1
  %taken = cmpxchg ptr {ticket}, i64 %next, i64 %fewer acq_rel monotonic
  %won = extractvalue {{ i64, i1 }} %taken, 1
  br i1 %won, label %work, label %again
leave:
  br label %look
sleep:
  call i32 @pthread_mutex_lock(ptr {mutex})
  %more = atomicrmw add ptr {sleepers}, i64 1 seq_cst
  br label %check
check:
  %now = load atomic i64, ptr {ticket} seq_cst, align 8
  %opened = call i1 @open(i64 %now)
  br i1 %opened, label %awake, label %doze
doze:
  call i32 @pthread_cond_wait(ptr {condition}, ptr {mutex})
  br label %check
awake:
  %fewer.asleep = atomicrmw sub ptr {sleepers}, i64 1 seq_cst
  call i32 @pthread_mutex_unlock(ptr {mutex})
  br label %look
}}
"""


# ---------------------------------------------------------------- the threads of this process


@dataclass(slots=True)
class Threads:
    """The loaded module, and how many threads share a loop: the caller and workers, started when first needed."""

    engine: Any
    number: int
    workers: int = 0
    lock: Any = field(default_factory=threading.Lock)

    def ready(self) -> None:
        """See that the workers run.  Where no thread can be started any more, callers do all work."""
        if self.workers + 1 < self.number:
            with self.lock:
                self._start()

    def _start(self) -> None:
        work = self._function("work")
        while self.workers + 1 < self.number:
            try:
                threading.Thread(target=work, name="optgen-worker", daemon=True).start()
            except RuntimeError:
                break
            self.workers += 1
        self._function("threads", ctypes.c_int64)(min(self.number, self.workers + 1))

    def limit(self, number: int) -> None:
        """Let `number` threads share a loop from now on."""
        with self.lock:
            self.number = number
            self._start()

    def forget(self) -> None:
        """In a forked child: its parent's workers are not there, nor what the parent's other threads were doing."""
        self._function("reset")()
        self.workers, self.lock = 0, threading.Lock()

    def _function(self, name: str, *arguments: Any) -> Any:
        return ctypes.CFUNCTYPE(None, *arguments)(self.engine.get_function_address(f"optgen_{name}"))


EXPORTED = ("optgen_share", "optgen_enter", "optgen_leave")  # what kernels call


def wanted() -> int:
    """How many threads: what OPTGEN_THREADS says, else the cores that this process may use."""
    given = os.environ.get(VARIABLE, "")
    if given.isdigit() and int(given) > 0:
        return min(int(given), 1024)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def load(engine_of: Callable[[str], Any], processor: str) -> Threads:
    """The threads of this process; `engine_of` compiles the text of a module."""
    import llvmlite.binding as llvm

    with _loading:
        if not _loaded:
            engine = engine_of(module(processor))
            made = Threads(engine, wanted())
            made.forget()
            for name in EXPORTED:
                llvm.add_symbol(name, engine.get_function_address(name))
            os.register_at_fork(after_in_child=made.forget)
            _loaded.append(made)
        return _loaded[0]


_loading = threading.Lock()
_loaded: list[Threads] = []  # one or none: symbols of the process refer to it
