"""Functions that take a path. Each path starts at a directory's descriptor and cannot leave it."""

from __future__ import annotations

from vm.wasi.abi import Fdflags, Fstflags, Lookupflags, Oflags, Rights
from vm.wasi.context import Answer, Context
from vm.wasi.descriptors import Descriptor, Kind
from vm.wasi.errno import Errno, Refused
from vm.wasi.files import filestat, new_times
from vm.wasi.guest import Span
from vm.wasi.world import Opened, Opening, Place

_SYNC_FLAGS = Fdflags.DSYNC | Fdflags.RSYNC | Fdflags.SYNC
_ALL_RIGHTS = Rights((1 << len(Rights)) - 1)
_FILE_ONLY = Rights.FD_SEEK | Rights.FD_FILESTAT_SET_SIZE | Rights.PATH_FILESTAT_SET_SIZE
_READING = Rights.FD_READ | Rights.FD_READDIR


def path_open(
    call: Context,
    fd: int,
    lookup: Lookupflags,
    path: Span,
    oflags: Oflags,
    rights: Rights,
    _inheriting: Rights,
    fdflags: Fdflags,
) -> Answer:
    """Opens or creates a file, or opens a directory, and gives its descriptor (witx: `path_open`)."""
    name = call.guest.text(path)
    at = _start(call, fd)
    if fdflags & _SYNC_FLAGS:
        raise Refused(Errno.NOTSUP)
    if oflags & Oflags.DIRECTORY and oflags != Oflags.DIRECTORY:
        raise Refused(Errno.INVAL)
    call.table.next_fd()  # refuses before anything is created
    opened = call.world.files.open(at, _checked(name), _opening(lookup, oflags, rights), call.table.new_serial())
    try:
        return call.table.add(_descriptor(opened, fdflags))
    except Refused:
        call.world.files.close(opened.place)
        raise


def _start(call: Context, fd: int) -> Place:
    found = call.table.get(fd)
    if found.kind is Kind.FILE:
        raise Refused(Errno.NOTDIR)
    return call.directory(fd).place


def _opening(lookup: Lookupflags, oflags: Oflags, rights: Rights) -> Opening:
    writes = bool(rights & Rights.FD_WRITE)
    return Opening(
        readable=bool(rights & Rights.FD_READ) or not writes,
        writable=writes or bool(oflags & (Oflags.CREAT | Oflags.TRUNC)),
        create=bool(oflags & Oflags.CREAT),
        exclusive=bool(oflags & Oflags.CREAT) and bool(oflags & Oflags.EXCL),
        truncate=bool(oflags & Oflags.TRUNC),
        directory=bool(oflags & Oflags.DIRECTORY),
        follow=bool(lookup & Lookupflags.SYMLINK_FOLLOW),
    )


def _descriptor(opened: Opened, fdflags: Fdflags) -> Descriptor:
    """The record, with the rights that Wasmtime reports: all but what the opening rules out."""
    place, rights = opened.place, _ALL_RIGHTS
    if not place.readable:
        rights &= ~_READING
    if not place.writable:
        rights &= ~Rights.FD_WRITE
    if opened.is_directory:
        rights &= ~_FILE_ONLY
        fdflags = Fdflags(0)
    kind = Kind.DIRECTORY if opened.is_directory else Kind.FILE
    return Descriptor(kind, fdflags, rights, rights, 0, place.serial, place.root, place.path)


def _path(call: Context, path: Span) -> bytes:
    return _checked(call.guest.text(path))


def _checked(path: bytes) -> bytes:
    if b"\0" in path:
        raise Refused(Errno.INVAL)
    return path


def path_create_directory(call: Context, fd: int, path: Span) -> Answer:
    """Makes a directory (witx: `path_create_directory`)."""
    at = call.directory(fd).place
    call.world.files.create_directory(at, _path(call, path))
    return None


def path_filestat_get(call: Context, fd: int, lookup: Lookupflags, path: Span) -> Answer:
    """Attributes of what a path names (witx: `path_filestat_get`)."""
    at = call.directory(fd).place
    return (filestat(call.world.files.stat_at(at, _path(call, path), bool(lookup))),)


def path_filestat_set_times(
    call: Context, fd: int, lookup: Lookupflags, path: Span, atim: int, mtim: int, flags: Fstflags
) -> Answer:
    """Sets timestamps, nanoseconds since 1970 (witx: `path_filestat_set_times`)."""
    times = new_times(call, atim, mtim, flags)
    at = call.directory(fd).place
    call.world.files.set_times_at(at, _path(call, path), bool(lookup), *times)
    return None


def path_link(call: Context, source_fd: int, lookup: Lookupflags, source: Span, target_fd: int, target: Span) -> Answer:
    """Makes a hard link; EINVAL when asked to follow (witx: `path_link`)."""
    source_at, target_at = call.directory(source_fd).place, call.directory(target_fd).place
    source_path, target_path = call.guest.text(source), call.guest.text(target)
    if lookup & Lookupflags.SYMLINK_FOLLOW:
        raise Refused(Errno.INVAL)
    call.world.files.link(source_at, _checked(source_path), target_at, _checked(target_path))
    return None


def path_readlink(call: Context, fd: int, path: Span, buffer: Span) -> Answer:
    """A symbolic link's target, cut where the buffer ends (witx: `path_readlink`)."""
    at = call.directory(fd).place
    target = call.world.files.readlink(at, _path(call, path))
    try:
        target.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(Errno.ILSEQ) from None
    call.guest.write(buffer.pointer, target[: buffer.count])
    return min(len(target), buffer.count)


def path_remove_directory(call: Context, fd: int, path: Span) -> Answer:
    """Removes an empty directory (witx: `path_remove_directory`)."""
    at = call.directory(fd).place
    call.world.files.remove_directory(at, _path(call, path))
    return None


def path_rename(call: Context, source_fd: int, source: Span, target_fd: int, target: Span) -> Answer:
    """Renames, replacing what the new name held (witx: `path_rename`)."""
    source_at, target_at = call.directory(source_fd).place, call.directory(target_fd).place
    source_path, target_path = call.guest.text(source), call.guest.text(target)
    call.world.files.rename(source_at, _checked(source_path), target_at, _checked(target_path))
    return None


def path_symlink(call: Context, target: Span, fd: int, path: Span) -> Answer:
    """Makes a symbolic link; EPERM for an absolute target (witx: `path_symlink`)."""
    at = call.directory(fd).place
    text, name = call.guest.text(target), call.guest.text(path)
    call.world.files.symlink(_checked(text), at, _checked(name))
    return None


def path_unlink_file(call: Context, fd: int, path: Span) -> Answer:
    """Removes a file or symbolic link (witx: `path_unlink_file`)."""
    at = call.directory(fd).place
    call.world.files.unlink(at, _path(call, path))
    return None
