"""Modules to kernels: compiled in the process, called by pointers.

LLVM verifies a module before anything else is done with it (ill-formed text would end the process later), optimises it
for the processor at hand, and hands out an address.  ctypes lets go of the GIL while the code runs.
"""

from __future__ import annotations

import ctypes
import math
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from optgen.backends.llvm.body import Implementations, linked_symbol, no_implementations
from optgen.backends.llvm.costs import Cost, amount, costs
from optgen.backends.llvm.emit import emit, module
from optgen.backends.llvm.parts import LARGE, WORTH, shareable
from optgen.backends.llvm.routines import standing_alone
from optgen.backends.llvm.rows import write_out_row_sums
from optgen.backends.llvm.threads import Threads, load
from optgen.backends.llvm.vectors import count
from optgen.ir import nodes as ir
from optgen.ir.imperative import Buffer, Procedure
from optgen.ir.nodes import Scalar
from optgen.ir.program import Function

ALIGNMENT = 64
PAGE, STRIDE = 4096, 17 * ALIGNMENT


def procedure_of(function: Function) -> Procedure:
    """The loop form of a function, with whole-array functions written out."""
    from optgen.backends.llvm.calls import expand_calls
    from optgen.backends.llvm.products import take_out_products
    from optgen.backends.llvm.rows import take_out_row_sums
    from optgen.passes.loops import loops
    from optgen.passes.schedule import schedule

    return take_out_row_sums(take_out_products(expand_calls(loops(schedule(function)))))


Keep = Callable[[str, Callable[[], bytes]], bytes]  # (what code is made from, how) -> the code, made or found


def compile_function(
    function: Function,
    real: str,
    keep: Keep | None = None,
    implementations: Implementations = no_implementations,
) -> Kernel:
    """The function as machine code: a callable (dims, arrays) -> arrays, compiled when it is first called."""
    return compile_functions([function], real, keep, implementations)[0]


def compile_functions(
    functions: Sequence[Function],
    real: str,
    keep: Keep | None = None,
    implementations: Implementations = no_implementations,
) -> list[Kernel]:
    """The functions as machine code, each a callable (dims, arrays) -> arrays; all are compiled when one is first
    called, as one module.

    `keep` may find object code made earlier from the same text for the same processor; `implementations` has programs
    for operations, by name, for double or float.
    """
    kernels = [Kernel(procedure_of(function), real, keep, implementations) for function in functions]
    for kernel in kernels:
        kernel.together, kernel.lock = kernels, kernels[0].lock
    return kernels


def source(functions: Sequence[Function], real: str, header: str) -> str:
    """The text of the modules, one after the other, before LLVM optimises them."""
    lines = "\n".join(f"; {line}".rstrip() for line in header.splitlines())
    return "\n".join([lines, *(emit(procedure_of(function), real) for function in functions)])


def vector_loops(function: Function) -> int:
    """How many vector loops a function becomes."""
    return count(procedure_of(function).body)


# ---------------------------------------------------------------- LLVM


_compiling = threading.Lock()
CODE_LEVEL = 1


@cache
def _ready() -> Any:
    """LLVM's binding, set up once."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm


#: Features of the processor whose names begin so are left unused: `avx512`, to see what a machine without them does.
WITHOUT = "OPTGEN_WITHOUT"


@cache
def _processor() -> tuple[str, str]:
    """The name of this processor, and its features as LLVM takes them."""
    features = ",".join(f"{'+' if has else '-'}{name}" for name, has in sorted(processor_features().items()))
    return _ready().get_host_cpu_name(), features


def _machine() -> Any:
    """The processor of this process with all its features; an engine takes its machine over, so each has its own."""
    name, features = _processor()
    return _ready().Target.from_default_triple().create_target_machine(
        cpu=name,
        features=features,
        opt=CODE_LEVEL,
        codemodel="jitdefault",
    )


PASSES = ("always_inliner", "sroa", "new_gvn", "simplify_cfg")


def optimised(text: str) -> tuple[Any, Any]:
    """The module of a text, verified and optimised, and the machine it was optimised for.

    Loops are vectors already, and what they need not repeat stands before them: few passes are left to do, and LLVM's
    usual list takes eight times as long.
    """
    llvm = _ready()
    machine = _machine()
    module = llvm.parse_assembly(text)
    module.verify()
    manager = llvm.create_new_module_pass_manager()
    for name in PASSES:
        getattr(manager, f"add_{name}_pass")()
    manager.run(module, llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options()))
    return module, machine


@cache
def processor_features() -> dict[str, bool]:
    """What this processor has beyond its family's least and may be used, by LLVM's names."""
    unused = os.environ.get(WITHOUT)
    found = dict(_ready().get_host_cpu_features())
    return {name: has and not (unused and name.startswith(unused)) for name, has in found.items()}


@cache
def fingerprint() -> str:
    """What object code depends on beside its module: LLVM, the processor, the options above."""
    version = ".".join(map(str, _ready().llvm_version_info))
    return f"llvm {version} {' '.join(_processor())} {CODE_LEVEL} {PASSES}"


def to_object(text: str) -> bytes:
    """Object code of a module for this processor: what a cache keeps."""
    with _compiling:
        module, machine = optimised(text)
        return bytes(machine.emit_object(module))


def from_object(code: bytes) -> Any:
    """An engine with loaded object code, which lives as long as the engine."""
    with _compiling:
        llvm = _ready()
        engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine())
        engine.add_object_file(llvm.object_file.ObjectFileRef.from_data(code))
        engine.finalize_object()
    return engine


def widened(text: str) -> Any:
    """An engine with a module whose loops LLVM turns into vector loops by its usual passes, which take their time."""
    with _compiling:
        llvm = _ready()
        machine = _machine()
        module = llvm.parse_assembly(text)
        module.verify()
        tuning = llvm.create_pipeline_tuning_options(speed_level=3)
        tuning.loop_vectorization = True
        builder = llvm.create_pass_builder(machine, tuning)
        builder.getModulePassManager().run(module, builder)
        engine = llvm.create_mcjit_compiler(module, machine)
        engine.finalize_object()
    return engine


def _made(text: str, keep: Keep | None) -> bytes:
    if keep is None:
        return to_object(text)
    return keep(f"{fingerprint()}\n{text}", lambda: to_object(text))


def shared_threads(keep: Keep | None = None) -> Threads:
    """The threads that share the work of large loops."""
    processor = _ready().get_process_triple().partition("-")[0]
    return load(lambda text: from_object(_made(text, keep)), processor)


def link(routines: Sequence[str], keep: Keep | None = None) -> None:
    """Make these routines symbols of the process, which each compiles once."""
    llvm = _ready()
    for name in routines:
        with _linking:
            if name in _linked:
                continue
            engine = from_object(_made(standing_alone(name), keep))
            llvm.add_symbol(linked_symbol(name), engine.get_function_address(linked_symbol(name)))
            _linked[name] = engine


_linking = threading.Lock()
_linked: dict[str, Any] = {}  # engines: symbols of the process refer to them


def from_text(text: str) -> Any:
    """An engine with a module that is as it should be and needs no optimisation."""
    with _compiling:
        llvm = _ready()
        machine = _machine()
        module = llvm.parse_assembly(text)
        module.verify()
        engine = llvm.create_mcjit_compiler(module, machine)
        engine.finalize_object()
    return engine


# ---------------------------------------------------------------- kernels


@dataclass(slots=True)
class Kernel:
    """A compiled procedure.  `interrupt.value = 1` makes its loops end at once.

    There are two kinds of code: one for small problems, and one for problems with a loop so large that threads share
    it.  Which is used depends on the sizes alone.
    """

    procedure: Procedure
    real: str
    keep: Keep | None = None
    implementations: Implementations = no_implementations
    interrupt: Any = field(default_factory=lambda: ctypes.c_int32(0))
    codes: dict[bool, Any] = field(default_factory=dict)  # by whether threads share the work
    engines: list[Any] = field(default_factory=list)
    together: list[Kernel] = field(default_factory=list)  # those compiled with this one; none: this one alone
    costs: list[Cost] | None = None  # of all loops
    shareable: list[tuple[Cost, Cost]] | None = None  # what threads can share: see parts
    lock: Any = field(default_factory=threading.Lock)

    def __call__(self, dims: Mapping[str, int], arrays: Sequence[Any]) -> list[Any]:
        prepared = self.prepare(dims, [np.asarray(a, d, order="C") for a, d in zip(arrays, self.takes(), strict=True)])
        prepared()
        return prepared.outputs

    def takes(self) -> list[Any]:
        return [self._dtype(buffer) for buffer in self.procedure.parameters]

    def _dtype(self, buffer: Buffer) -> Any:
        table = {"real": self.real, "int": "int64", "bool": "bool", "u64": "uint64", "f32": "float32", "f64": "float64"}
        return np.dtype(table[buffer.dtype])

    def compiled(self, dims: Mapping[str, int]) -> Any:
        """The entry point for these sizes; compiled once, whichever thread comes first."""
        shared = bool(self._shareable(dims))
        if shared:
            shared_threads(self.keep).ready()
        if shared not in self.codes:
            with self.lock:
                if shared not in self.codes:
                    self._compile(dims)
        return self.codes[shared]

    def _compile(self, dims: Mapping[str, int]) -> None:
        """The code for these sizes, of all kernels that are compiled together and have none yet."""
        kinds = [(kernel, bool(kernel._shareable(dims))) for kernel in self.together or [self]]
        kinds = [(kernel, shared) for kernel, shared in kinds if shared not in kernel.codes]
        procedures = [(write_out_row_sums(k.procedure) if shared else k.procedure, shared) for k, shared in kinds]
        made = module(procedures, self.real, self.implementations, links=True)
        if any(shared for _, shared in kinds):
            shared_threads(self.keep)
        link(made.linked, self.keep)
        engine = from_object(_made(made.text, self.keep))
        for kernel, shared in kinds:
            kernel.engines.append(engine)
            address = engine.get_function_address(f"optgen_{kernel.procedure.name}")
            kernel.codes[shared] = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)(address)

    def _shareable(self, dims: Mapping[str, int]) -> list[int]:
        """Of each loop that is worth to be shared at these sizes, the entries of scratch memory that it needs."""
        if self.costs is None:
            self.costs = list(costs(self.procedure)) if os.name == "posix" else []
        if not any(_known(cost, dims) >= LARGE for cost in self.costs):
            return []
        if self.shareable is None:
            self.shareable = list(shareable(write_out_row_sums(self.procedure)))
        needs = [(cost, _known(copies, dims)) for cost, copies in self.shareable]
        return [entries for cost, entries in needs if _known(cost, dims) >= max(LARGE, WORTH * entries)]

    def prepare(self, dims: Mapping[str, int], arrays: Sequence[Any]) -> Prepared:
        """The kernel tied to these arrays: contiguous, of the right dtypes, alive as long as the result is."""
        procedure = self.procedure
        code = self.compiled(dims)
        integers = {b: a for b, a in zip(procedure.parameters, arrays, strict=True) if not b.axes and b.dtype == "int"}

        def length(axis: Scalar) -> int:
            return extent(axis, dims, integers)

        outputs = [
            _apart([length(a) for a in b.axes], self._dtype(b), number) for number, b in enumerate(procedure.results)
        ]
        temporaries = [b for b in procedure.temporaries if b.axes]
        sizes = []
        for buffer in temporaries:
            count = 1
            for axis in buffer.axes:
                count *= max(length(axis), 0)
            sizes.append(-(-count * self._dtype(buffer).itemsize // ALIGNMENT) * ALIGNMENT)
        scratch = max(self._shareable(dims), default=0)
        sizes.append(scratch * np.dtype(self.real).itemsize)
        arena = np.empty(sum(sizes) + ALIGNMENT, np.uint8)
        base = arena.ctypes.data
        place = base + (-base) % ALIGNMENT
        addresses = [a.ctypes.data for a in (*arrays, *outputs)]
        for size in sizes:
            addresses.append(place)
            place += size
        pointers = np.array(addresses, np.uint64)
        lengths = np.array([*(dims[name] for name in procedure.dims), scratch], np.int64)
        call = (pointers.ctypes.data, lengths.ctypes.data, ctypes.addressof(self.interrupt))
        return Prepared(code, call, outputs, (pointers, lengths, arena, list(arrays), self))


def _apart(shape: Sequence[int], dtype: Any, number: int) -> np.ndarray:
    """Memory of an array, aligned.  Large ones begin at different places of a page: processors tell writes from later
    reads by the place in a page first, so loops over arrays that all begin at the same one wait for nothing."""
    size = math.prod(shape) * dtype.itemsize
    if size < PAGE:
        return np.empty(shape, dtype)
    raw = np.empty(size + PAGE, np.uint8)
    begin = (number * STRIDE - raw.ctypes.data) % PAGE
    made: np.ndarray = raw[begin : begin + size].view(dtype).reshape(shape)
    return made


@dataclass(frozen=True, slots=True)
class Prepared:
    """A kernel tied to its arrays: calling it reads the inputs as they are now and overwrites `outputs`."""

    code: Any
    call: tuple[int, int, int]
    outputs: list[Any]
    kept: tuple[Any, ...]

    def __call__(self) -> None:
        self.code(*self.call)


def _known(cost: Cost, dims: Mapping[str, int]) -> int:
    """The units of a cost; 0 if it depends on numbers that are known later."""
    try:
        return amount(cost, lambda axis: extent(axis, dims, {}))
    except ir.IRError:
        return 0


def extent(axis: Scalar, dims: Mapping[str, int], integers: Mapping[Buffer, Any]) -> int:
    """The length of an axis: a formula of dims and integer parameters."""
    match axis:
        case ir.Constant(value=value):
            return int(value)
        case ir.Dim(name=name):
            return dims[name]
        case ir.Access(tensor=ir.Input() as source) if source in integers:
            return int(np.asarray(integers[source]).item())
        case ir.Operation(name=name, arguments=(a, b)) if name in _INTEGER:
            return _INTEGER[name](extent(a, dims, integers), extent(b, dims, integers))
    raise ir.IRError("the length of a buffer is not a formula of dims and integer parameters")


_INTEGER: dict[str, Callable[[int, int], int]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "minimum": min,
    "maximum": max,
    "floordiv": lambda a, b: a // b,
}
