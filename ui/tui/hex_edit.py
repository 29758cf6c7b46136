"""Editing bytes in place: what was typed and not yet written, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from vm.errors import MemoryFault, UserError
from vm.machine import Machine
from vm.memory import RegionKind
from vm.poke import poke
from vm.types import Addr

_FIELD_WIDTHS = (1, 2, 4, 8, 16)  # of fields of the runtime's structures
_HEX = "0123456789abcdef"


@dataclass(frozen=True, slots=True)
class Written:
    """An edit that was made: what lay there."""

    addr: int
    before: bytes


@dataclass
class Editing:
    """Bytes of linear memories are written as they are typed; fields of the runtime wait until they are whole."""

    machine: Machine
    in_text: bool = False  # typing characters, not digits
    typed: dict[int, int] = field(default_factory=dict)  # bytes that are not written yet, by address
    high: int | None = None  # the first digit of a byte

    def type(self, addr: int, character: str) -> bool:
        """A character for the byte at `addr`; whether that byte is complete. Raises UserError for no hex digit."""
        if self.in_text:
            data = character.encode("utf-8", "surrogatepass")
            if len(data) != 1:
                raise UserError("one byte a character: type others as hex digits", "Tab goes to the digits")
            self.typed[addr] = data[0]
            return True
        digit = _HEX.find(character.lower())
        if digit < 0:
            raise UserError(f"{character!r} is no hex digit", "Tab goes to the characters, Esc ends editing")
        if self.high is None:
            self.high = digit
            return False
        self.typed[addr], self.high = self.high << 4 | digit, None
        return True

    def writes_at_once(self, addr: int) -> bool:
        """Whether a byte there may be written alone."""
        region = self.machine.space.region_at(addr)
        return region is not None and region.kind is RegionKind.MEMORY

    def write(self) -> list[Written]:
        """Writes what was typed. Raises UserError, having forgotten it."""
        runs, self.typed = list(_runs(self.typed)), {}
        return [self._write_run(start, data) for start, data in runs]

    def _write_run(self, start: int, data: bytes) -> Written:
        """As it is, else as the smallest field around it that may be written."""
        first: UserError | None = None
        for addr, whole in self._candidates(start, data):
            before = self.machine.space.read(Addr(addr), len(whole))
            try:
                poke(self.machine, Addr(addr), whole)
            except UserError as error:
                first = first or error
                continue
            return Written(addr, before)
        assert first is not None
        raise first

    def _candidates(self, start: int, data: bytes) -> Iterator[tuple[int, bytes]]:
        yield start, data
        if self.writes_at_once(start):
            return
        for width in _FIELD_WIDTHS:
            addr = start - start % width
            if width <= len(data) or start + len(data) > addr + width:
                continue
            try:
                around = bytearray(self.machine.space.read(Addr(addr), width))
            except MemoryFault:
                continue
            around[start - addr : start - addr + len(data)] = data
            yield addr, bytes(around)

    def undo(self, written: Written) -> None:
        """Puts back what lay there. Raises UserError."""
        poke(self.machine, Addr(written.addr), written.before)


def _runs(typed: dict[int, int]) -> Iterator[tuple[int, bytes]]:
    """Neighbouring bytes together."""
    run: bytearray = bytearray()
    start = 0
    for addr in sorted(typed):
        if run and addr != start + len(run):
            yield start, bytes(run)
            run = bytearray()
        if not run:
            start = addr
        run.append(typed[addr])
    if run:
        yield start, bytes(run)
