"""What is asked of or done to an open descriptor, but for moving bytes through it."""

from __future__ import annotations

from vm.wasi.abi import DIRENT, Advice, Clock, Fdflags, Filetype, Fstflags, Rights
from vm.wasi.context import Answer, Context
from vm.wasi.descriptors import Descriptor, Kind
from vm.wasi.errno import Errno, Refused
from vm.wasi.guest import Span
from vm.wasi.world import Entry, FileStat, Stream

_SYNC_FLAGS = Fdflags.DSYNC | Fdflags.RSYNC | Fdflags.SYNC


def fd_advise(call: Context, fd: int, offset: int, size: int, advice: Advice) -> Answer:
    """How a file's bytes will be used (witx: `fd_advise`)."""
    call.world.files.advise(call.file(fd).place, offset, size, advice)
    return None


def fd_allocate(call: Context, fd: int, _offset: int, _size: int) -> Answer:
    """ENOTSUP, as in Wasmtime (witx: `fd_allocate`)."""
    call.file(fd)
    raise Refused(Errno.NOTSUP)


def fd_close(call: Context, fd: int) -> Answer:
    """Closes any descriptor, standard streams and preopened directories among them (witx: `fd_close`)."""
    closed = call.table.get(fd)
    call.table.close(fd)
    _let_go(call, closed)
    return None


def _let_go(call: Context, closed: Descriptor) -> None:
    if closed.stream is None:
        call.world.files.close(closed.place)


def fd_datasync(call: Context, fd: int) -> Answer:
    """Writes a file's data through to the disk (witx: `fd_datasync`)."""
    call.world.files.sync(call.file(fd).place, data_only=True)
    return None


def fd_sync(call: Context, fd: int) -> Answer:
    """Writes a file's data and attributes through to the disk (witx: `fd_sync`)."""
    call.world.files.sync(call.file(fd).place, data_only=False)
    return None


def fd_fdstat_get(call: Context, fd: int) -> Answer:
    """Kind, flags and rights of a descriptor (witx: `fd_fdstat_get`)."""
    found = call.table.get(fd)
    return ((_filetype(call, found), found.fdflags, found.rights, found.inheriting),)


def _filetype(call: Context, found: Descriptor) -> Filetype:
    if found.stream is not None:
        return _stream_type(call, found.stream)
    if found.is_directory:
        return Filetype.DIRECTORY
    return call.world.files.stat(found.place).filetype


def _stream_type(call: Context, stream: Stream) -> Filetype:
    return Filetype.CHARACTER_DEVICE if call.world.is_terminal(stream) else Filetype.UNKNOWN


def fd_fdstat_set_flags(call: Context, fd: int, flags: Fdflags) -> Answer:
    """Sets append and nonblock; EINVAL for the others (witx: `fd_fdstat_set_flags`)."""
    call.file(fd)
    if flags & _SYNC_FLAGS:
        raise Refused(Errno.INVAL)
    call.table.set_fdflags(fd, flags)
    return None


def fd_fdstat_set_rights(call: Context, fd: int, _rights: Rights, _inheriting: Rights) -> Answer:
    """ENOTSUP, as in Wasmtime (witx: `fd_fdstat_set_rights`)."""
    call.stored(fd)
    raise Refused(Errno.NOTSUP)


def fd_filestat_get(call: Context, fd: int) -> Answer:
    """Attributes; all 0 but the kind for streams (witx: `fd_filestat_get`)."""
    found = call.table.get(fd)
    if found.stream is not None:
        return ((0, 0, _stream_type(call, found.stream), 0, 0, 0, 0, 0),)
    return (filestat(call.world.files.stat(found.place)),)


def filestat(stat: FileStat) -> tuple[int, ...]:
    """The fields of a witx `filestat`."""
    return (
        stat.dev, stat.ino, stat.filetype, stat.nlink, stat.size, stat.atim_ns, stat.mtim_ns, stat.ctim_ns,
    )  # fmt: skip


def fd_filestat_set_size(call: Context, fd: int, size: int) -> Answer:
    """Cuts a file or pads it with zeros (witx: `fd_filestat_set_size`)."""
    call.world.files.resize(call.file(fd).place, size)
    return None


def fd_filestat_set_times(call: Context, fd: int, atim: int, mtim: int, flags: Fstflags) -> Answer:
    """Sets timestamps, nanoseconds since 1970 (witx: `fd_filestat_set_times`)."""
    times = new_times(call, atim, mtim, flags)
    call.world.files.set_times(call.stored(fd).place, *times)
    return None


def new_times(call: Context, atim: int, mtim: int, flags: Fstflags) -> tuple[int | None, int | None]:
    """The access and modification times to set; None: left as it is. Raises Refused (EINVAL)."""
    given = (
        (flags & Fstflags.ATIM, flags & Fstflags.ATIM_NOW, atim),
        (flags & Fstflags.MTIM, flags & Fstflags.MTIM_NOW, mtim),
    )
    if any(at and now for at, now, _ in given):
        raise Refused(Errno.INVAL)
    clock = call.world.now_ns
    first, second = (at_ns if at else clock(Clock.REALTIME) if now else None for at, now, at_ns in given)
    return first, second


def fd_prestat_get(call: Context, fd: int) -> Answer:
    """Length of a preopened directory's name; EBADF for any other descriptor (witx: `fd_prestat_get`)."""
    found = call.table.get(fd)
    if found.kind is not Kind.PREOPEN:
        raise Refused(Errno.BADF)
    return ((0, len(found.guest)),)


def fd_prestat_dir_name(call: Context, fd: int, buffer: Span) -> Answer:
    """A preopened directory's name, without NUL (witx: `fd_prestat_dir_name`)."""
    found = call.table.get(fd)
    if found.kind is not Kind.PREOPEN:
        raise Refused(Errno.NOTDIR)
    if len(found.guest) > buffer.count:
        raise Refused(Errno.NAMETOOLONG)
    call.guest.write(buffer.pointer, found.guest)
    return None


def fd_renumber(call: Context, source: int, target: int) -> Answer:
    """Moves a descriptor over another, which is closed (witx: `fd_renumber`)."""
    call.table.get(target)
    call.table.get(source)
    if source != target:
        replaced = call.table.get(target)
        call.table.renumber(source, target)
        _let_go(call, replaced)
    return None


def fd_readdir(call: Context, fd: int, buffer: Span, cookie: int) -> Answer:
    """Names from number `cookie` on; the last is cut where the buffer ends (witx: `fd_readdir`)."""
    place = call.directory(fd).place
    own = call.world.files.stat(place).ino
    head = (Entry(b".", own, Filetype.DIRECTORY), Entry(b"..", own, Filetype.DIRECTORY))
    records, size = [], 0
    for number, entry in enumerate((*head, *call.world.files.entries(place))):
        if number >= cookie and size < buffer.count:
            records.append(_dirent(number + 1, entry))
            size += len(records[-1])
    data = b"".join(records)[: buffer.count]
    call.guest.write(buffer.pointer, data)
    return len(data)


def _dirent(next_cookie: int, entry: Entry) -> bytes:
    return DIRENT.form.pack(next_cookie, entry.ino, len(entry.name), entry.filetype) + entry.name
