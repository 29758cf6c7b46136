"""Reading, writing and seeking: what moves bytes through a descriptor.

A file's position is the descriptor record's `offset`; the system's own is never used.
"""

from __future__ import annotations

from vm.host import Block, Until
from vm.wasi.abi import Fdflags, Whence
from vm.wasi.context import Answer, Context
from vm.wasi.descriptors import Descriptor, Kind
from vm.wasi.errno import Errno, Refused
from vm.wasi.guest import Span
from vm.wasi.world import Stream

_MAX_OFFSET = (1 << 64) - 1
# One positioned read gives at most this much (Wasmtime 50: MAX_READ_SIZE_ALLOC).
_MAX_PREAD_BYTES = 64 << 10


def fd_read(call: Context, fd: int, vectors: Span) -> Answer:
    """Reads at the offset and moves it; waits for standard input (witx: `fd_read`)."""
    buffer = call.guest.buffer(vectors)
    source = call.table.get(fd)
    if source.kind is Kind.STDIN:
        return _read_input(call, fd, source, buffer)
    if source.kind is not Kind.FILE:
        raise Refused(Errno.BADF)
    call.guest.check(buffer.pointer, buffer.count)
    data = call.world.files.read(source.place, source.offset, buffer.count)
    moved = _moved(source.offset, len(data))
    call.guest.write(buffer.pointer, data)
    call.table.set_offset(fd, moved)
    return len(data)


def _read_input(call: Context, fd: int, source: Descriptor, buffer: Span) -> Answer:
    data = call.world.input(source.offset, buffer.count) if buffer.count else b""
    if data is None:
        return Block(Until(readable=(fd,)))
    call.guest.write(buffer.pointer, data)
    call.table.set_offset(fd, source.offset + len(data))
    return len(data)


def fd_pread(call: Context, fd: int, vectors: Span, offset: int) -> Answer:
    """Reads at an offset of its own (witx: `fd_pread`)."""
    buffer = call.guest.buffer(vectors)
    source = call.table.get(fd)
    if source.kind is Kind.STDIN:
        raise Refused(Errno.SPIPE)
    if source.kind is not Kind.FILE:
        raise Refused(Errno.BADF)
    data = call.world.files.read(source.place, offset, min(buffer.count, _MAX_PREAD_BYTES))
    call.guest.write(buffer.pointer, data)
    return len(data)


def fd_write(call: Context, fd: int, vectors: Span) -> Answer:
    """Writes at the offset, or the end, and moves it (witx: `fd_write`)."""
    buffer = call.guest.buffer(vectors)
    target = call.table.get(fd)
    if target.kind in (Kind.STDOUT, Kind.STDERR):
        call.world.output(_output(target), call.guest.read(buffer.pointer, buffer.count))
        return buffer.count
    written = _write(call, target, buffer, target.offset)
    if target.fdflags & Fdflags.APPEND:
        call.table.set_offset(fd, call.world.files.stat(target.place).size)
    else:
        call.table.set_offset(fd, _moved(target.offset, written))
    return written


def fd_pwrite(call: Context, fd: int, vectors: Span, offset: int) -> Answer:
    """Writes at an offset of its own; at the end when appending (witx: `fd_pwrite`)."""
    buffer = call.guest.buffer(vectors)
    target = call.table.get(fd)
    if target.kind in (Kind.STDOUT, Kind.STDERR):
        raise Refused(Errno.SPIPE)
    return _write(call, target, buffer, offset)


def _output(target: Descriptor) -> Stream:
    assert target.stream is not None
    return target.stream


def _write(call: Context, target: Descriptor, buffer: Span, offset: int) -> int:
    if target.kind is not Kind.FILE:
        raise Refused(Errno.BADF)
    data = call.guest.read(buffer.pointer, buffer.count)
    if target.fdflags & Fdflags.APPEND:
        return call.world.files.append(target.place, data)
    return call.world.files.write(target.place, offset, data)


def _moved(offset: int, by: int) -> int:
    if offset + by > _MAX_OFFSET:
        raise Refused(Errno.OVERFLOW)
    return offset + by


def fd_seek(call: Context, fd: int, delta: int, whence: Whence) -> Answer:
    """Moves the offset and gives it; EINVAL below 0 (witx: `fd_seek`)."""
    file = call.seekable(fd)
    match whence:
        case Whence.SET:
            base = 0
        case Whence.CUR:
            base = file.offset
        case Whence.END:
            base = call.world.files.stat(file.place).size
    if not 0 <= base + delta <= _MAX_OFFSET:
        raise Refused(Errno.INVAL)
    call.table.set_offset(fd, base + delta)
    return base + delta


def fd_tell(call: Context, fd: int) -> Answer:
    """The offset, in bytes (witx: `fd_tell`)."""
    return call.seekable(fd).offset
