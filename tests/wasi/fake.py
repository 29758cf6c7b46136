"""A caller without a machine: a bytearray for memory, host functions called one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from debugger.world import RealWorld
from vm.eras import NEWEST
from vm.errors import MemoryFault
from vm.host import Block, Exit, Outcome, Raise, Return, Until
from vm.layout import Layouts
from vm.memory import AddressSpace
from vm.types import PAGE_LOG2
from vm.wasi.descriptors import DescriptorTable
from vm.wasi.preview1 import Wasi
from vm.wasi.world import Root, Stream

LAYOUTS = Layouts(NEWEST)


class FakeMemory:
    """A linear memory that counts what is written to it."""

    def __init__(self, pages: int = 4) -> None:
        self.bytes = bytearray(pages * (1 << PAGE_LOG2))
        self.writes = 0

    @property
    def size_bytes(self) -> int:
        return len(self.bytes)

    def read(self, offset: int, size: int) -> bytes:
        if offset + size > len(self.bytes):
            raise MemoryFault(offset, size)
        return bytes(self.bytes[offset : offset + size])

    def write(self, offset: int, data: bytes) -> None:
        if offset + len(data) > len(self.bytes):
            raise MemoryFault(offset, len(data))
        self.bytes[offset : offset + len(data)] = data
        self.writes += 1


@dataclass(frozen=True)
class FakeCall:
    args: tuple[int, ...]
    memory: FakeMemory | None
    blocked: Until | None = None


class FakeGuest:
    """Our functions, called directly; a call that blocks is tried again after the world's wait."""

    def __init__(
        self,
        world: RealWorld,
        args: tuple[bytes, ...] = (),
        env: tuple[bytes, ...] = (),
        table: DescriptorTable | None = None,
    ) -> None:
        self.world, self.memory = world, FakeMemory()
        self.space = AddressSpace()
        self.table = table or DescriptorTable.create(self.space, LAYOUTS, world.roots)
        self.functions = functions(Wasi(self.table, world, args, env))

    def once(self, name: str, *args: int, blocked: Until | None = None) -> Outcome:
        """One try, whatever it answers."""
        slots = tuple(a & 0xFFFF_FFFF_FFFF_FFFF for a in args)
        return self.functions[name](FakeCall(slots, self.memory, blocked))

    def call(self, name: str, *args: int) -> int | str:
        """The errno, `trap`, or `exit` with its code."""
        blocked: Until | None = None
        while True:
            match self.once(name, *args, blocked=blocked):
                case Return((errno,)):
                    return errno
                case Raise():
                    return "trap"
                case Exit(code):
                    return f"exit {code}"
                case Block(until):
                    assert self.world.wait(until, lambda: False)
                    blocked = until
                case other:
                    raise AssertionError(other)

    def read(self, offset: int, size: int) -> bytes:
        return self.memory.read(offset, size)

    def write(self, offset: int, data: bytes) -> None:
        self.memory.write(offset, data)

    def output(self) -> tuple[bytes, bytes]:
        out = self.world.outputs

        return out.text(Stream.STDOUT), out.text(Stream.STDERR)

    def close(self) -> None:
        self.world.close()


def functions(wasi: Wasi) -> dict[str, Callable[[FakeCall], Outcome]]:
    return {f.name: f.run for f in wasi.functions()}


def guest_in(*folders: Path) -> FakeGuest:
    """A guest whose descriptors 3, 4 ... are these folders."""
    roots = tuple(Root(str(f).encode(), f"/{f.name}".encode()) for f in folders)
    return FakeGuest(RealWorld(roots))
