"""A function of a module while it is written: its instructions, the memory of its buffers, what else it needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from optgen.backends.llvm.lanes import SINGLE, Lanes
from optgen.backends.llvm.parts import Nest
from optgen.backends.llvm.scalars import PLAIN_IN_C, PROGRAMMED, literal, scalar, works_on_vectors
from optgen.ir.imperative import Buffer
from optgen.ir.nodes import Index, Operation, Scalar
from optgen.ir.straight import Straight

REGISTER = {"int": "i64", "u64": "i64", "bool": "i1"}
MEMORY = {"int": "i64", "u64": "i64", "bool": "i8"}
SIZES = {"int": 8, "u64": 8, "bool": 1}

_PRODUCT, _ORDER = "ptr, ptr, ptr, i64, i64", "ptr, ptr, i64"
APART = {  # routines that stand on their own: a process compiles each once; what they take
    f"{name}{end}": takes
    for name, takes in (("matvec", _PRODUCT), ("vecmat", _PRODUCT), ("sort", _ORDER), ("argsort", _ORDER))
    for end in ("", "_single")
}


def linked_symbol(routine: str) -> str:
    """The symbol in the process of a routine that stands on its own."""
    return f"optgen_{routine}"


# of an operation, for double or float: a program, LIBM, or None: the backend's own
Implementations = Callable[[str, str], "Straight | str | None"]
LIBM = "libm"  # the C library's function, one number at a time


def no_implementations(operation: str, real: str) -> Straight | str | None:
    """All operations as the backend has them."""
    return None


def c_library(operation: str, real: str) -> Straight | str | None:
    """What the C library has as it has it: what the backend's own functions are compared with."""
    return LIBM if operation in PLAIN_IN_C else None


@dataclass(slots=True)
class Body:
    """The instructions of a function so far; `lanes` says whether they work on numbers or on vectors."""

    real: str
    lanes: Lanes = SINGLE
    lines: list[str] = field(default_factory=list)
    slots: list[str] = field(default_factory=list)  # allocas, at the entry
    routines: set[str] = field(default_factory=set)
    links: bool = False  # whether routines that stand on their own are not to be in the module
    linked: set[str] = field(default_factory=set)  # these routines
    externals: set[str] = field(default_factory=set)
    pointers: dict[Buffer, str] = field(default_factory=dict)  # of arrays: a register, or the slot of a swapped one
    swapped: set[Buffer] = field(default_factory=set)
    numbers: dict[Buffer, str] = field(default_factory=dict)  # slots of numbers
    bases: dict[Buffer, Buffer] = field(default_factory=dict)  # the memory that views lie in
    values: list[dict[Scalar, str]] = field(default_factory=lambda: [{}])  # known registers, by scope
    counter: int = 0
    label: str = "entry"
    nests: Mapping[Index, Nest] | None = None  # loops to be written in parts; None in code for small problems
    functions: list[str] = field(default_factory=list)  # the text of these parts
    implementations: Implementations = no_implementations
    programs: dict[str, tuple[Straight, int]] = field(default_factory=dict)  # that the code calls, and their lanes

    def fresh(self, stem: str = "v") -> str:
        self.counter += 1
        return f"{stem}{self.counter}"

    def value(self, instruction: str, declaration: str = "") -> str:
        """The register of an instruction."""
        if declaration:
            self.externals.add(declaration)
        name = "%" + self.fresh()
        self.lines.append(f"  {name} = {instruction}")
        return name

    def do(self, instruction: str) -> None:
        self.lines.append(f"  {instruction}")

    def begin(self, label: str) -> None:
        self.lines.append(f"{label}:")
        self.label = label

    def needs(self, routine: str) -> str:
        """The symbol of a routine, which the module will carry or be linked with."""
        if not self.links or routine not in APART:
            self.routines.add(routine)
            return routine
        self.linked.add(routine)
        symbol = linked_symbol(routine)
        self.externals.add(f"declare void @{symbol}({APART[routine]}) nounwind")
        return symbol

    def on_vectors(self, node: Operation) -> bool:
        """Whether an operation is computed on vectors: by its rule, or by a program that was given for it."""
        given = self.implementations(node.name, self.real) if node.name in PROGRAMMED else None
        return works_on_vectors(node) if given is None else given != LIBM

    def implemented(self, operation: str, values: Sequence[str]) -> str | None:
        """The value of an operation by the program that was given for it; None if there is none."""
        program = self.implementations(operation, self.real)
        if program is None:
            return None
        if isinstance(program, str):
            return self.function(operation if self.real == "double" else operation + "f", list(values))
        symbol = self.lanes.symbol(f"{operation}.{self.real}.program")
        self.programs[symbol] = program, self.lanes.count or 1
        return self.value(f"call {self.reals} @{symbol}({', '.join(f'{self.reals} {value}' for value in values)})")

    def external(self, declaration: str) -> None:
        self.externals.add(declaration)

    def element(self, dtype: str) -> str:
        """The type of one number in a register."""
        return {"real": self.real, "f32": "float", "f64": "double"}.get(dtype) or REGISTER[dtype]

    def memory(self, dtype: str) -> str:
        return {"real": self.real, "f32": "float", "f64": "double"}.get(dtype) or MEMORY[dtype]

    def type(self, dtype: str) -> str:
        return self.lanes.type(self.element(dtype))

    @property
    def reals(self) -> str:
        return self.lanes.type(self.real)

    @property
    def integers(self) -> str:
        return self.lanes.type("i64")

    @property
    def truths(self) -> str:
        return self.lanes.type("i1")

    def whole(self, number: int) -> str:
        """An integer constant."""
        return self.lanes.constant("i64", number)

    def literal(self, value: object, dtype: str = "real") -> str:
        return self.lanes.constant(self.element(dtype), literal(value, dtype, self.real))

    def pick(self, test: str, dtype: str, then: str, otherwise: str) -> str:
        kind = self.type(dtype)
        return self.value(f"select {self.truths} {test}, {kind} {then}, {kind} {otherwise}")

    def size(self, dtype: str) -> int:
        """Bytes of an entry."""
        return SIZES.get(dtype) or (8 if self.memory(dtype) == "double" else 4)

    # ------------------------------------------------------------ instructions

    def intrinsic(self, name: str, values: Sequence[str]) -> str:
        return self.function(f"{name}.{self.lanes.overload(self.real)}", values)

    def function(self, symbol: str, values: Sequence[str]) -> str:
        """A function of reals that is not of this module."""
        self.externals.add(f"declare {self.reals} @{symbol}({', '.join([self.reals] * len(values))})")
        return self.value(f"call {self.reals} @{symbol}({', '.join(f'{self.reals} {v}' for v in values)})")

    def of_integers(self, name: str, values: Sequence[str], flags: Sequence[str] = ()) -> str:
        """A function of LLVM on integers."""
        symbol = f"{name}.{self.lanes.overload('i64')}"
        types = ", ".join([*(self.integers for _ in values), *("i1" for _ in flags)])
        given = ", ".join([*(f"{self.integers} {value}" for value in values), *(f"i1 {flag}" for flag in flags)])
        return self.value(f"call {self.integers} @{symbol}({given})", f"declare {self.integers} @{symbol}({types})")

    def identity(self, kind: str, dtype: str) -> str:
        """What a reduction starts from."""
        if dtype == "bool":
            return self.literal(kind == "all", dtype)
        if dtype == "int":
            return self.whole({"sum": 0, "prod": 1, "max": -(2**63), "min": 2**63 - 1}[kind])
        return self.literal({"sum": 0.0, "prod": 1.0, "max": float("-inf"), "min": float("inf")}[kind])

    def combined(self, kind: str, dtype: str, old: str, new: str) -> str:
        """One more value into a reduction, whose order is free."""
        if dtype == "bool":
            return self.value(f"{'or' if kind == 'any' else 'and'} {self.truths} {old}, {new}")
        if dtype in ("int", "u64"):
            if kind in ("sum", "prod"):
                return self.value(f"{'add' if kind == 'sum' else 'mul'} {self.integers} {old}, {new}")
            return self.of_integers("llvm.smax" if kind == "max" else "llvm.smin", [old, new])
        if kind in ("sum", "prod"):
            return self.value(f"{'fadd' if kind == 'sum' else 'fmul'} reassoc contract {self.reals} {old}, {new}")
        return self.intrinsic("llvm.maximum" if kind == "max" else "llvm.minimum", [old, new])

    # ------------------------------------------------------------ scopes, memory

    def known(self, node: Scalar) -> str | None:
        for scope in reversed(self.values):
            if node in scope:
                return scope[node]
        return None

    def slot(self, buffer: Buffer) -> str:
        """The memory of a number; promoted to a register by LLVM."""
        if buffer not in self.numbers:
            name = "%" + self.fresh("s")
            self.slots.append(f"  {name} = alloca {self.type(buffer.dtype)}")
            self.numbers[buffer] = name
        return self.numbers[buffer]

    def pointer(self, buffer: Buffer) -> str:
        pointer = self.pointers.get(buffer) or self.slot(buffer)
        return self.value(f"load ptr, ptr {pointer}") if buffer in self.swapped else pointer

    def address(self, buffer: Buffer, indices: Sequence[str]) -> str:
        """The address of an entry, row-major."""
        offset = "" if buffer.axes else "0"
        for index, axis in zip(indices, buffer.axes, strict=True):
            if offset:
                scaled = self.value(f"mul nsw i64 {offset}, {scalar(self, axis)}")
                offset = self.value(f"add nsw i64 {scaled}, {index}")
            else:
                offset = index
        kind = self.memory(buffer.dtype)
        return self.value(f"getelementptr inbounds {kind}, ptr {self.pointer(buffer)}, i64 {offset}")

    def load(self, buffer: Buffer, indices: Sequence[str]) -> str:
        if not buffer.axes and buffer not in self.pointers:
            return self.value(f"load {self.type(buffer.dtype)}, ptr {self.slot(buffer)}")
        made = self.value(f"load {self.memory(buffer.dtype)}, ptr {self.address(buffer, indices)}")
        return self.value(f"trunc i8 {made} to i1") if buffer.dtype == "bool" else made

    def store(self, buffer: Buffer, indices: Sequence[str], value: str) -> None:
        if not buffer.axes and buffer not in self.pointers:
            self.do(f"store {self.type(buffer.dtype)} {value}, ptr {self.slot(buffer)}")
            return
        if buffer.dtype == "bool":
            value = self.value(f"zext i1 {value} to i8")
        self.do(f"store {self.memory(buffer.dtype)} {value}, ptr {self.address(buffer, indices)}")
