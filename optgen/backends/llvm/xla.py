"""The entry that XLA calls for a custom call on the CPU: from its call frame to an inner loop.

A handler is `XLA_FFI_Error *(XLA_FFI_CallFrame *)` in `xla/ffi/api/c_api.h`, which JAX installs.  Only the fields named
in OFFSETS are read; they have had these places since version 0.1 of the interface, and a test asks a C compiler for
them.  XLA asks each handler for its version, by an extension of the frame, before it calls it.
"""

from __future__ import annotations

MAJOR = 0  # the version of the interface whose layout this is; XLA changes it when fields move
EXTENSION_METADATA = 1

# struct.field -> bytes from its start, on 64-bit machines
OFFSETS = {
    "XLA_FFI_CallFrame.extension_start": 8,
    "XLA_FFI_CallFrame.args": 40,
    "XLA_FFI_CallFrame.rets": 80,
    "XLA_FFI_Args.args": 32,
    "XLA_FFI_Rets.rets": 32,
    "XLA_FFI_Buffer.data": 24,
    "XLA_FFI_Buffer.rank": 32,
    "XLA_FFI_Buffer.dims": 40,
    "XLA_FFI_Extension_Base.type": 8,
    "XLA_FFI_Metadata_Extension.metadata": 24,
    "XLA_FFI_Metadata.api_version": 8,
    "XLA_FFI_Metadata.traits": 32,
    "XLA_FFI_Api_Version.major_version": 16,
    "XLA_FFI_Api_Version.minor_version": 20,
}
POINTER = 8


def handler(name: str, loop: str, arguments: int, size: int, minor: int) -> str:
    """The text of the handler `name` over the inner loop `loop`, both in one module.

    All arguments and the result have one shape, are dense, and have entries of `size` bytes; `minor` is the minor
    version of XLA's interface that the installed header states.
    """
    version = "XLA_FFI_Metadata.api_version"
    return f"""
define ptr @{name}(ptr %frame) {{
entry:
  %length = alloca i64
  %pointers = alloca ptr, i64 {arguments + 1}
  %steps = alloca i64, i64 {arguments + 1}
{_load("extension", "ptr", "%frame", _place("XLA_FFI_CallFrame.extension_start"))}
  %extended = icmp ne ptr %extension, null
  br i1 %extended, label %extension.there, label %compute
extension.there:
{_load("kind", "i32", "%extension", _place("XLA_FFI_Extension_Base.type"))}
  %asked = icmp eq i32 %kind, {EXTENSION_METADATA}
  br i1 %asked, label %answer, label %compute
answer:
{_load("facts", "ptr", "%extension", _place("XLA_FFI_Metadata_Extension.metadata"))}
{_store(MAJOR, "i32", "%facts", _place(version, "XLA_FFI_Api_Version.major_version"))}
{_store(minor, "i32", "%facts", _place(version, "XLA_FFI_Api_Version.minor_version"))}
{_store(0, "i32", "%facts", _place("XLA_FFI_Metadata.traits"))}
  ret ptr null
compute:
{_load("inputs", "ptr", "%frame", _place("XLA_FFI_CallFrame.args", "XLA_FFI_Args.args"))}
{_load("outputs", "ptr", "%frame", _place("XLA_FFI_CallFrame.rets", "XLA_FFI_Rets.rets"))}
{"".join(_argument(k, "%inputs", k, size) for k in range(arguments))}
{_argument(arguments, "%outputs", 0, size)}
{_load("rank", "i64", "%buffer0", _place("XLA_FFI_Buffer.rank"))}
{_load("dims", "ptr", "%buffer0", _place("XLA_FFI_Buffer.dims"))}
  %scalar = icmp eq i64 %rank, 0
  br i1 %scalar, label %run, label %count
count:
  %axis = phi i64 [ 0, %compute ], [ %axis.next, %count ]
  %product = phi i64 [ 1, %compute ], [ %product.next, %count ]
  %extent.at = getelementptr i64, ptr %dims, i64 %axis
  %extent = load i64, ptr %extent.at
  %product.next = mul i64 %product, %extent
  %axis.next = add i64 %axis, 1
  %more = icmp slt i64 %axis.next, %rank
  br i1 %more, label %count, label %run
run:
  %total = phi i64 [ 1, %compute ], [ %product.next, %count ]
  store i64 %total, ptr %length
  call void @{loop}(ptr %pointers, ptr %length, ptr %steps, ptr null)
  ret ptr null
}}
"""


def _place(*fields: str) -> int:
    """Where the last of fields lies that lie inside one another."""
    return sum(OFFSETS[field] for field in fields)


def _load(name: str, kind: str, base: str, place: int) -> str:
    return f"  %{name}.at = getelementptr i8, ptr {base}, i64 {place}\n  %{name} = load {kind}, ptr %{name}.at"


def _store(value: int, kind: str, base: str, place: int) -> str:
    return f"  %to{place} = getelementptr i8, ptr {base}, i64 {place}\n  store {kind} {value}, ptr %to{place}"


def _argument(number: int, buffers: str, position: int, size: int) -> str:
    """The pointer and the step of one argument of the loop, from a list of buffers."""
    return f"""
{_load(f"buffer{number}", "ptr", buffers, POINTER * position)}
{_load(f"data{number}", "ptr", f"%buffer{number}", _place("XLA_FFI_Buffer.data"))}
  %pointer{number} = getelementptr ptr, ptr %pointers, i64 {number}
  store ptr %data{number}, ptr %pointer{number}
  %step{number} = getelementptr i64, ptr %steps, i64 {number}
  store i64 {size}, ptr %step{number}
"""
