"""The descriptor table: records in the machine's memory, so that time travel restores it.

What the system holds open is kept by the World, found by a record's `Place` and opened again when lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from vm.layout import Layout, Layouts, StructView
from vm.memory import AddressSpace, Region, RegionKind
from vm.types import Addr
from vm.wasi.abi import Fdflags, Rights
from vm.wasi.errno import Errno, Refused
from vm.wasi.world import Place, Root, Stream

MAX_DESCRIPTORS = 1024
NO_FLAGS, NO_RIGHTS = Fdflags(0), Rights(0)

# What Wasmtime 50 reports for a preopened directory (p1.rs, fd_fdstat_get).
PREOPEN_RIGHTS = (
    Rights.PATH_CREATE_DIRECTORY
    | Rights.PATH_CREATE_FILE
    | Rights.PATH_LINK_SOURCE
    | Rights.PATH_LINK_TARGET
    | Rights.PATH_OPEN
    | Rights.FD_READDIR
    | Rights.PATH_READLINK
    | Rights.PATH_RENAME_SOURCE
    | Rights.PATH_RENAME_TARGET
    | Rights.PATH_SYMLINK
    | Rights.PATH_REMOVE_DIRECTORY
    | Rights.PATH_UNLINK_FILE
    | Rights.PATH_FILESTAT_GET
    | Rights.PATH_FILESTAT_SET_TIMES
    | Rights.FD_FILESTAT_GET
    | Rights.FD_FILESTAT_SET_TIMES
)
PREOPEN_INHERITING = (
    PREOPEN_RIGHTS
    | Rights.FD_DATASYNC
    | Rights.FD_READ
    | Rights.FD_SEEK
    | Rights.FD_FDSTAT_SET_FLAGS
    | Rights.FD_SYNC
    | Rights.FD_TELL
    | Rights.FD_WRITE
    | Rights.FD_ADVISE
    | Rights.FD_ALLOCATE
    | Rights.FD_FILESTAT_SET_SIZE
    | Rights.POLL_FD_READWRITE
)


class Kind(IntEnum):
    """What a descriptor stands for."""

    CLOSED = 0
    STDIN = 1
    STDOUT = 2
    STDERR = 3
    FILE = 4
    DIRECTORY = 5
    PREOPEN = 6


STREAMS = {Kind.STDIN: Stream.STDIN, Kind.STDOUT: Stream.STDOUT, Kind.STDERR: Stream.STDERR}
DIRECTORIES = (Kind.DIRECTORY, Kind.PREOPEN)


@dataclass(frozen=True, slots=True)
class Descriptor:
    """One record, read. `guest` is a preopened directory's name, else empty."""

    kind: Kind
    fdflags: Fdflags = NO_FLAGS
    rights: Rights = NO_RIGHTS
    inheriting: Rights = NO_RIGHTS
    offset: int = 0
    serial: int = 0
    root: int = 0
    path: bytes = b""
    guest: bytes = b""

    @property
    def stream(self) -> Stream | None:
        """Which standard stream it is, if one."""
        return STREAMS.get(self.kind)

    @property
    def is_directory(self) -> bool:
        return self.kind in DIRECTORIES

    @property
    def place(self) -> Place:
        """What the World opens for it. A preopened directory's `path` is the host's, for show."""
        path = b"" if self.kind is Kind.PREOPEN else self.path
        return Place(
            self.serial,
            self.root,
            path,
            bool(self.rights & Rights.FD_READ),
            bool(self.rights & Rights.FD_WRITE),
        )


class DescriptorTable:
    """Descriptors as records of one host region."""

    def __init__(self, space: AddressSpace, layouts: Layouts, region: Region) -> None:
        """A table over a region that holds one already: see `create`."""
        self.region = region
        self._space, self._layouts = space, layouts
        self._record: Layout = layouts.struct("Descriptor")
        header = layouts.struct("DescriptorTable")
        self._first = Addr(region.base + header.size)
        self._header = StructView(space, layouts, header, region.base)

    @classmethod
    def create(cls, space: AddressSpace, layouts: Layouts, roots: Iterable[Root] = ()) -> DescriptorTable:
        """Maps a region with the standard streams as 0, 1, 2 and preopened directories from 3 on.

        Raises Refused where a name does not fit its field or there are too many.
        """
        header, record = layouts.struct("DescriptorTable").size, layouts.struct("Descriptor").size
        size = header + MAX_DESCRIPTORS * record
        region = space.map(RegionKind.HOST, "descriptors", size)  # whole: a replay repeats writes, not growth
        table = cls(space, layouts, region)
        table.add(Descriptor(Kind.STDIN, rights=Rights.FD_READ, inheriting=Rights.FD_READ))
        for kind in (Kind.STDOUT, Kind.STDERR):
            table.add(Descriptor(kind, rights=Rights.FD_WRITE, inheriting=Rights.FD_WRITE))
        for number, root in enumerate(roots):
            table.add(
                Descriptor(
                    Kind.PREOPEN,
                    rights=PREOPEN_RIGHTS,
                    inheriting=PREOPEN_INHERITING,
                    serial=table.new_serial(),
                    root=number,
                    path=root.host,
                    guest=root.guest,
                )
            )
        return table

    @property
    def count(self) -> int:
        """Records in use, closed ones among them: one more than the greatest number ever given."""
        return self._header.get("count")

    def view(self, fd: int) -> StructView:
        """The record of descriptor `fd`, below `count`."""
        at = Addr(self._first + fd * self._record.size)
        return StructView(self._space, self._layouts, self._record, at)

    def get(self, fd: int) -> Descriptor:
        """An open descriptor. Raises Refused (EBADF)."""
        if fd >= self.count or not (kind := self.view(fd).get("kind")):
            raise Refused(Errno.BADF)
        view = self.view(fd)
        return Descriptor(
            Kind(kind),
            Fdflags(view.get("fdflags")),
            Rights(view.get("rights")),
            Rights(view.get("inheriting")),
            view.get("offset"),
            view.get("serial"),
            view.get("root"),
            self._text(view, "path"),
            self._text(view, "guest"),
        )

    def open(self) -> tuple[tuple[int, Descriptor], ...]:
        """Every open descriptor with its number."""
        return tuple((fd, self.get(fd)) for fd in range(self.count) if self.view(fd).get("kind"))

    def new_serial(self) -> int:
        """A number never given before by this table."""
        serial = self._header.get("last_serial") + 1
        self._header.set("last_serial", serial)
        return serial

    def next_fd(self) -> int:
        """The next descriptor's number: the greatest closed one, else a new one. Raises Refused (EMFILE)."""
        count = self.count
        for fd in reversed(range(count)):
            if not self.view(fd).get("kind"):
                return fd
        if count == MAX_DESCRIPTORS:
            raise Refused(Errno.MFILE)
        return count

    def add(self, descriptor: Descriptor) -> int:
        """Writes a record and gives its number. Raises Refused (EMFILE, ENAMETOOLONG)."""
        fd = self.next_fd()
        self._fits(descriptor)
        self._write(fd, descriptor)
        if fd == self.count:
            self._header.set("count", fd + 1)
        return fd

    def set_offset(self, fd: int, offset: int) -> None:
        """Where the next read or write starts, in bytes."""
        self.view(fd).set("offset", offset)

    def set_fdflags(self, fd: int, flags: Fdflags) -> None:
        self.view(fd).set("fdflags", flags)

    def close(self, fd: int) -> None:
        """Clears an open descriptor's record, so that a closed one is all zeros."""
        view = self.view(fd)
        for name in ("path", "guest"):
            self._space.write(view.at(name), bytes(view.get(f"{name}_bytes")))
        self._write(fd, Descriptor(Kind.CLOSED))

    def renumber(self, source: int, target: int) -> None:
        """Moves an open descriptor over another, which is closed (witx: `fd_renumber`)."""
        moved = self.get(source)
        self.close(target)
        self.close(source)
        self._write(target, moved)

    def _write(self, fd: int, descriptor: Descriptor) -> None:
        view = self.view(fd)
        for name in ("kind", "fdflags", "rights", "inheriting", "offset", "serial", "root"):
            view.set(name, int(getattr(descriptor, name)))
        self._set_text(view, "path", descriptor.path)
        self._set_text(view, "guest", descriptor.guest)

    def _fits(self, descriptor: Descriptor) -> None:
        for name in ("path", "guest"):
            if len(getattr(descriptor, name)) > self._record.field(name).size:
                raise Refused(Errno.NAMETOOLONG)

    def _text(self, view: StructView, name: str) -> bytes:
        return self._space.read(view.at(name), view.get(f"{name}_bytes"))

    def _set_text(self, view: StructView, name: str, text: bytes) -> None:
        view.set(f"{name}_bytes", len(text))
        self._space.write(view.at(name), text)
