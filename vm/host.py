"""Host functions and what they answer.

A host function never calls an executor. It gets a `HostCall` and answers with an outcome; the machine
acts on it. So nothing of the guest is ever on the Python stack: pausing works while a read blocks, and a
replay answers from the journal without running host code.

Values cross as slots: integers are unsigned bit patterns, floats their bits, references as in frames.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from vm.errors import TrapKind
from vm.types import Addr, FuncType


class GuestMemory(Protocol):
    """One linear memory of the caller, as a host function may use it: offsets, never addresses."""

    @property
    def size_bytes(self) -> int:
        """Current length."""
        ...

    def read(self, offset: int, size: int) -> bytes:
        """Copies bytes out. Raises MemoryFault outside the memory."""
        ...

    def write(self, offset: int, data: bytes) -> None:
        """Copies bytes in; recorded as an input. Raises MemoryFault outside the memory, writing nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Until:
    """What a blocked call waits for: a monotonic clock reading, readable descriptors, or either."""

    deadline_ns: int | None = None
    readable: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Return:
    """The call is done. `results` are slots, as many as the function's type says."""

    results: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Throw:
    """A host exception: guest frames are left until a host function's `Call` with a `catch` is found."""

    what: str
    values: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """Call a guest function, then go on with `then`, which gets the results' slots.

    `catch` goes on instead when a host function called from there throws.
    """

    func: Addr  # a VMFuncRef
    args: tuple[int, ...]
    then: Callable[[HostCall, tuple[int, ...]], Outcome]
    catch: Callable[[HostCall, Throw], Outcome] | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """Nothing to answer yet: run the same call again once `until` holds. Nothing may have been written."""

    until: Until


@dataclass(frozen=True, slots=True)
class Raise:
    """The guest traps at its call."""

    kind: TrapKind
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Exit:
    """The guest ends with this code (0 to 255)."""

    code: int


@dataclass(frozen=True, slots=True)
class Spawn:
    """Start a guest thread; the call answers its number, or -1 when there can be no more.

    It gets an instance of the caller's module of its own, whose `wasi_thread_start` is called with that number and
    `arg` (wasi-threads).
    """

    arg: int


@dataclass(frozen=True, slots=True)
class CollectGarbage:
    """Free the objects of the GC heap that nothing reaches; the call answers nothing."""


THREAD_SPAWN = "wasi.thread-spawn"  # the host function that answers Spawn

Outcome = Return | Call | Block | Throw | Raise | Exit | Spawn | CollectGarbage


class HostCall(Protocol):
    """One call under way."""

    @property
    def args(self) -> tuple[int, ...]:
        """The arguments' slots."""
        ...

    @property
    def blocked(self) -> Until | None:
        """When this is a second try: what the first one waited for, its deadline unchanged."""
        ...

    @property
    def memory(self) -> GuestMemory | None:
        """The caller's exported memory called `memory`, else its memory 0, else None."""
        ...

    def export(self, name: str) -> Addr:
        """The VMFuncRef of a function the caller exports. Raises UserError when there is none."""
        ...

    def element(self, table: int, index: int) -> Addr:
        """The VMFuncRef in the caller's table, resolved; 0 for null. Raises the out-of-bounds trap."""
        ...


@dataclass(frozen=True, slots=True)
class HostFunction:
    """A host function as an import can name it."""

    module: str
    name: str
    type: FuncType
    run: Callable[[HostCall], Outcome]

    @property
    def label(self) -> str:
        return f"{self.module}.{self.name}"
