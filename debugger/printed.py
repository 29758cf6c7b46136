"""What the program printed, and when.

A recording has no text, but the memory that it was written from is there again: it is found while the recording is
repeated for the first time, and handed on when the user comes past it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from vm.hosting import memory_of
from vm.instance import Instance
from vm.journal import HostResult
from vm.machine import Machine
from vm.types import Tick
from vm.wasi.descriptors import DescriptorTable
from vm.wasi.errno import Refused
from vm.wasi.guest import Guest, GuestFault, Span
from vm.wasi.signatures import MODULE
from vm.wasi.world import Stream

_MOST_BYTES = 16 << 20
_MOST_PIECES, _KEPT_BYTES = 50_000, 100


@dataclass(frozen=True, slots=True)
class Printed:
    """A piece of output. `tick` is that of the call that wrote it."""

    tick: Tick
    stream: Stream
    data: bytes


class PrintedLog:
    """The latest pieces by the ticks of their calls; of each the beginning is kept."""

    def __init__(self) -> None:
        self._pieces: dict[Tick, Printed] = {}

    def add(self, piece: Printed) -> None:
        """Notes a piece."""
        if len(self._pieces) >= _MOST_PIECES:
            del self._pieces[next(iter(self._pieces))]
        self._pieces[piece.tick] = replace(piece, data=piece.data[:_KEPT_BYTES])

    def at(self, tick: int) -> Printed | None:
        """What the call at a tick wrote, as far as that is known."""
        return self._pieces.get(Tick(tick))

    def forget_from(self, tick: Tick) -> None:
        """What came from a tick on is not so any more."""
        self._pieces = {at: piece for at, piece in self._pieces.items() if at < tick}


class RecordedOutput:
    """Output in the order of time. Past a limit the earliest is dropped."""

    def __init__(self, machine: Machine, descriptors: DescriptorTable) -> None:
        self._machine, self._descriptors = machine, descriptors
        self._pieces: deque[Printed] = deque()
        self._size = 0

    def repeated(self, entry: HostResult, caller: Instance | None) -> None:
        """A host call is about to be answered from the recording; one that a mock answered wrote nothing."""
        host = self._machine.hosts[entry.host]
        if (host.module, host.name) != (MODULE, "fd_write") or entry.values != (0,) or not entry.writes:
            return
        fd, pointer, count, _ = entry.args
        memory = memory_of(caller)
        assert memory is not None, "it was written from one"
        guest = Guest(memory)
        try:
            stream, buffer = self._descriptors.get(fd).stream, guest.buffer(Span(pointer, count))
            if stream is not None:
                self._add(Printed(Tick(entry.tick), stream, guest.read(buffer.pointer, buffer.count)))
        except (Refused, GuestFault):  # a recording may say anything
            return

    def _add(self, piece: Printed) -> None:
        self._pieces.append(piece)
        self._size += len(piece.data)
        while self._size > _MOST_BYTES:
            self._size -= len(self._pieces.popleft().data)

    def passed(self, tick: Tick) -> Iterator[Printed]:
        """What was printed before a tick and was not handed on yet."""
        while self._pieces and self._pieces[0].tick < tick:
            yield self._pieces.popleft()
