"""Calls of host functions in words: WASI's arguments by their witx types, others by their WebAssembly types."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import IntEnum, IntFlag
from types import MappingProxyType

from debugger.values import format_value
from vm.errors import MemoryFault
from vm.host import GuestMemory, HostFunction
from vm.types import I32, grouped
from vm.wasi.abi import IOVEC
from vm.wasi.descriptors import DescriptorTable, Kind
from vm.wasi.errno import Errno, Refused
from vm.wasi.guest import GuestFault
from vm.wasi.signatures import MODULE, SIGNATURES, Signature

_BY_NAME: Mapping[str, Signature] = MappingProxyType({s.name: s for s in SIGNATURES})
_MOST_BYTES = 48  # of a string or buffer
_MOST_VECTORS = 4
_SENDS = ("fd_write", "fd_pwrite", "sock_send")


def call_text(
    function: HostFunction, args: tuple[int, ...], memory: GuestMemory | None, descriptors: DescriptorTable
) -> str:
    """`fd_write(fd 1 stdout, ["hello\\n"])`. Reads the caller's memory and changes nothing."""
    signature = _BY_NAME.get(function.name) if function.module == MODULE else None
    if signature is None or signature.type != function.type:
        values = grouped(args, function.type.params)
        shown = (format_value(value, type_) for value, type_ in zip(values, function.type.params, strict=True))
        return f"{function.label}({', '.join(shown)})"
    return f"{function.name}({', '.join(_arguments(signature, args, memory, descriptors))})"


def answer_text(function: HostFunction, values: tuple[int, ...]) -> str:
    """What a call answered: an errno by its name."""
    if function.module == MODULE and function.type.results == (I32,) and values[0] < len(Errno):
        return Errno(values[0]).name
    found = zip(grouped(values, function.type.results), function.type.results, strict=True)
    return ", ".join(format_value(value, type_) for value, type_ in found)


def _arguments(
    signature: Signature, args: tuple[int, ...], memory: GuestMemory | None, descriptors: DescriptorTable
) -> Iterator[str]:
    at = 0
    for param, witx in zip(signature.params, signature.written, strict=True):
        slots = args[at : at + len(param.slots)]
        at += len(slots)
        if witx in _SHOWN:
            yield _SHOWN[witx](slots, memory, signature)
        elif witx == "fd":
            yield _descriptor(slots[0], descriptors)
        else:
            try:
                yield _plain(param.read(*slots), witx)
            except GuestFault as fault:
                yield f"{witx} {slots[0]} ({fault})"
    for witx, pointer in zip(signature.answers, args[at:], strict=True):
        yield f"{witx} to {pointer:#x}"


def _plain(value: object, witx: str) -> str:
    if isinstance(value, IntFlag):
        names = "|".join(flag.name.lower() for flag in type(value) if flag in value and flag.name)
        few = len(names) <= 2 * _MOST_BYTES
        return f"{witx} {(names if few else f'{int(value):#x}') or '0'}"
    if isinstance(value, IntEnum):
        return f"{witx} {value.name.lower()}"
    return f"{witx} {value}"


def _descriptor(fd: int, descriptors: DescriptorTable) -> str:
    try:
        found = descriptors.get(fd)
    except Refused:
        return f"fd {fd} (not open)"
    name = found.guest if found.kind is Kind.PREOPEN else found.path
    shown = f'"{printable(name)}"' if name else found.kind.name.lower()
    return f"fd {fd} {shown}"


def _read(memory: GuestMemory | None, pointer: int, size: int) -> bytes | None:
    if memory is None:
        return None
    try:
        return memory.read(pointer, size)
    except MemoryFault:
        return None


def printable(data: bytes) -> str:
    """Bytes as text between quotes."""
    return data.decode("utf-8", "backslashreplace").replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _quoted(data: bytes | None, pointer: int, size: int) -> str:
    if data is None:
        return f"{size} bytes at {pointer:#x}, outside the memory"
    more = f" … {size:,} bytes" if size > _MOST_BYTES else ""
    return f'"{printable(data[:_MOST_BYTES])}"{more}'


def _string(slots: tuple[int, ...], memory: GuestMemory | None, signature: Signature) -> str:
    pointer, size = slots
    data = _read(memory, pointer, min(size, _MOST_BYTES))
    return _quoted(data, pointer, size)


def _buffer(slots: tuple[int, ...], memory: GuestMemory | None, signature: Signature) -> str:
    return f"{slots[1]:,} bytes at {slots[0]:#x}"


def _vectors(slots: tuple[int, ...], memory: GuestMemory | None, signature: Signature) -> str:
    pointer, count = slots
    shown = []
    for i in range(min(count, _MOST_VECTORS)):
        data = _read(memory, pointer + i * IOVEC.size, IOVEC.size)
        if data is None:
            return f"{count} iovecs at {pointer:#x}, outside the memory"
        base, size = IOVEC.form.unpack(data)
        sends = signature.name in _SENDS
        shown.append(_string((base, size), memory, signature) if sends else f"{size:,} bytes at {base:#x}")
    return "[" + ", ".join(shown) + (", …" if count > _MOST_VECTORS else "") + "]"


Shown = Callable[[tuple[int, ...], GuestMemory | None, Signature], str]
_SHOWN: Mapping[str, Shown] = MappingProxyType(
    {
        "string": _string,
        "buffer": _buffer,
        "iovec_array": _vectors,
        "pointer": lambda slots, memory, signature: f"{slots[0]:#x}",
        "timestamp": lambda slots, memory, signature: f"{slots[0]:,} ns",
    }
)
