"""What a WASI function works on during one call, and what it may answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vm.host import Block, Exit, Until
from vm.wasi.descriptors import Descriptor, DescriptorTable, Kind
from vm.wasi.errno import Errno, Refused
from vm.wasi.guest import Guest
from vm.wasi.world import World

# None: no results; an int: one result that is a number; a tuple a result: records, or several numbers.
Answer = int | tuple[tuple[int, ...], ...] | Block | Exit | None
Function = Callable[..., Answer]


@dataclass(frozen=True, slots=True)
class Context:
    """One call. `blocked` is set when it is tried again after it had to wait."""

    table: DescriptorTable
    world: World
    guest: Guest
    blocked: Until | None
    args: tuple[bytes, ...]
    env: tuple[bytes, ...]

    def file(self, fd: int) -> Descriptor:
        """An open file that is no directory or stream. Raises Refused (EBADF)."""
        return self._of_kind(fd, Kind.FILE)

    def directory(self, fd: int) -> Descriptor:
        """An open directory. Raises Refused (EBADF)."""
        return self._of_kind(fd, Kind.DIRECTORY, Kind.PREOPEN)

    def stored(self, fd: int) -> Descriptor:
        """An open file or directory. Raises Refused (EBADF)."""
        return self._of_kind(fd, Kind.FILE, Kind.DIRECTORY, Kind.PREOPEN)

    def seekable(self, fd: int) -> Descriptor:
        """An open file. Raises Refused (ESPIPE for streams, else EBADF)."""
        if self.table.get(fd).stream is not None:
            raise Refused(Errno.SPIPE)
        return self.file(fd)

    def _of_kind(self, fd: int, *kinds: Kind) -> Descriptor:
        found = self.table.get(fd)
        if found.kind not in kinds:
            raise Refused(Errno.BADF)
        return found
