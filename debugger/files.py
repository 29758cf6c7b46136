"""Real files below preopened directories, for `vm.wasi`."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass

from debugger.sandbox import Spot, held, is_directory, located, names, open_spot, refuse
from vm.wasi.abi import Advice, Filetype
from vm.wasi.world import Entry, FileStat, Opened, Opening, Place, Root

_MAX_OFFSET = (1 << 63) - 1
_SWAPS = 40  # how often a name may turn into a link between looking and opening

_TYPES: tuple[tuple[Callable[[int], bool], Filetype], ...] = (
    (stat.S_ISREG, Filetype.REGULAR_FILE),
    (stat.S_ISDIR, Filetype.DIRECTORY),
    (stat.S_ISLNK, Filetype.SYMBOLIC_LINK),
    (stat.S_ISCHR, Filetype.CHARACTER_DEVICE),
    (stat.S_ISBLK, Filetype.BLOCK_DEVICE),
)


@dataclass(frozen=True, slots=True)
class _Held:
    place: Place
    fd: int


class RealFiles:
    """The system's files. What it holds open is a cache: any Place can be opened again."""

    def __init__(self, roots: tuple[Root, ...]) -> None:
        self.roots = roots
        self._held: dict[int, _Held] = {}
        self._root_fds: dict[int, int] = {}

    def release(self) -> None:
        """Closes all that is held, as after a restore; what is used again is opened again."""
        for fd in (*(h.fd for h in self._held.values()), *self._root_fds.values()):
            os.close(fd)
        self._held.clear()
        self._root_fds.clear()

    def open(self, at: Place, path: bytes, how: Opening, serial: int) -> Opened:
        if how.create and len(names(path)) > 1 and path.endswith(b"/"):
            raise refuse(errno.EISDIR)
        fd, found = self._open(self._fd(at), path, how)
        full = b"/".join(p for p in (at.path, found) if p)
        place = Place(serial, at.root, full, how.readable, how.writable)
        self._hold(place, fd)
        return Opened(place, is_directory(fd))

    def _open(self, start: int, path: bytes, how: Opening) -> tuple[int, bytes]:
        flags = _flags(how)
        for _ in range(_SWAPS):
            with located(start, path, how.follow and not how.exclusive) as spot:
                try:
                    return open_spot(spot, flags), spot.path
                except OSError as error:
                    if not _is_link(spot, error):
                        raise
                    if not how.follow:
                        raise refuse(errno.ELOOP) from error
        raise refuse(errno.ELOOP)

    def close(self, place: Place) -> None:
        gone = self._held.pop(place.serial, None)
        if gone is not None:
            os.close(gone.fd)

    def read(self, place: Place, offset: int, size: int) -> bytes:
        return os.pread(self._fd(place), size, _offset(offset))

    def write(self, place: Place, offset: int, data: bytes) -> int:
        return os.pwrite(self._fd(place), data, _offset(offset))

    def append(self, place: Place, data: bytes) -> int:
        fd = self._fd(place)
        if sys.platform == "linux":
            return os.pwritev(fd, [data], 0, os.RWF_APPEND)
        return os.pwrite(fd, data, os.fstat(fd).st_size)

    def stat(self, place: Place) -> FileStat:
        return _filestat(os.fstat(self._fd(place)))

    def resize(self, place: Place, size: int) -> None:
        os.ftruncate(self._fd(place), _offset(size))

    def set_times(self, place: Place, atim_ns: int | None, mtim_ns: int | None) -> None:
        fd = self._fd(place)
        if atim_ns is not None or mtim_ns is not None:
            os.utime(fd, ns=_times(os.fstat(fd), atim_ns, mtim_ns))

    def sync(self, place: Place, data_only: bool) -> None:
        if data_only and sys.platform == "linux":
            os.fdatasync(self._fd(place))
        else:
            os.fsync(self._fd(place))

    def advise(self, place: Place, offset: int, size: int, advice: Advice) -> None:
        if sys.platform != "linux":
            return
        meaning = {
            Advice.NORMAL: os.POSIX_FADV_NORMAL,
            Advice.SEQUENTIAL: os.POSIX_FADV_SEQUENTIAL,
            Advice.RANDOM: os.POSIX_FADV_RANDOM,
            Advice.WILLNEED: os.POSIX_FADV_WILLNEED,
            Advice.DONTNEED: os.POSIX_FADV_DONTNEED,
            Advice.NOREUSE: os.POSIX_FADV_NOREUSE,
        }
        os.posix_fadvise(self._fd(place), _offset(offset), min(size, _MAX_OFFSET), meaning[advice])

    def entries(self, place: Place) -> tuple[Entry, ...]:
        listing = os.open(b".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self._fd(place))
        try:
            with os.scandir(listing) as names:
                return tuple(_entry(name) for name in names)
        finally:
            os.close(listing)

    def create_directory(self, at: Place, path: bytes) -> None:
        with located(self._fd(at), _without_slash(path)) as spot:
            os.mkdir(spot.name, dir_fd=spot.directory_fd)

    def remove_directory(self, at: Place, path: bytes) -> None:
        with located(self._fd(at), path) as spot:
            os.rmdir(spot.name, dir_fd=spot.directory_fd)

    def unlink(self, at: Place, path: bytes) -> None:
        with located(self._fd(at), path) as spot:
            os.unlink(spot.name, dir_fd=spot.directory_fd)

    def readlink(self, at: Place, path: bytes) -> bytes:
        with located(self._fd(at), path) as spot:
            target = os.readlink(spot.name, dir_fd=spot.directory_fd)
        if target.startswith(b"/"):
            raise refuse(errno.EPERM)
        return target

    def symlink(self, target: bytes, at: Place, path: bytes) -> None:
        if target.startswith(b"/"):
            raise refuse(errno.EPERM)
        with located(self._fd(at), path) as spot:
            os.symlink(target, spot.name, dir_fd=spot.directory_fd)

    def link(self, source: Place, source_path: bytes, target: Place, target_path: bytes) -> None:
        with (
            located(self._fd(source), source_path) as old,
            located(self._fd(target), target_path) as new,
        ):
            os.link(
                old.name,
                new.name,
                src_dir_fd=old.directory_fd,
                dst_dir_fd=new.directory_fd,
                follow_symlinks=False,
            )

    def rename(self, source: Place, source_path: bytes, target: Place, target_path: bytes) -> None:
        with (
            located(self._fd(source), _without_slash(source_path)) as old,
            located(self._fd(target), _without_slash(target_path)) as new,
        ):
            if source_path.endswith(b"/") or target_path.endswith(b"/"):
                _need_directory(old)
            os.rename(old.name, new.name, src_dir_fd=old.directory_fd, dst_dir_fd=new.directory_fd)

    def stat_at(self, at: Place, path: bytes, follow: bool) -> FileStat:
        with located(self._fd(at), path, follow) as spot:
            return _filestat(_lstat(spot))

    def set_times_at(self, at: Place, path: bytes, follow: bool, atim_ns: int | None, mtim_ns: int | None) -> None:
        with located(self._fd(at), path, follow) as spot:
            times = _times(_lstat(spot), atim_ns, mtim_ns)
            if atim_ns is not None or mtim_ns is not None:
                os.utime(spot.name, ns=times, dir_fd=spot.directory_fd, follow_symlinks=False)

    def _fd(self, place: Place) -> int:
        """What is held open for a Place, opened again where that was lost or belongs to another past."""
        found = self._held.get(place.serial)
        if found is not None and found.place == place:
            return found.fd
        root = self._root(place.root)
        fd = held(root, place.path, _flags(Opening(place.readable or not place.writable, place.writable)))
        self._hold(place, fd)
        return fd

    def _hold(self, place: Place, fd: int) -> None:
        self.close(place)
        self._held[place.serial] = _Held(place, fd)

    def _root(self, number: int) -> int:
        if number not in self._root_fds:
            if number >= len(self.roots):
                raise refuse(errno.EBADF)
            self._root_fds[number] = os.open(self.roots[number].host, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        return self._root_fds[number]


def _flags(how: Opening) -> int:
    flags = os.O_RDWR if how.readable and how.writable else os.O_WRONLY if how.writable else os.O_RDONLY
    for wanted, flag in (
        (how.create, os.O_CREAT),
        (how.exclusive, os.O_EXCL),
        (how.truncate, os.O_TRUNC),
        (how.directory, os.O_DIRECTORY),
    ):
        flags |= flag if wanted else 0
    return flags


def _is_link(spot: Spot, error: OSError) -> bool:
    """Whether a name could not be opened because it is a link; the system says ENOTDIR when asked for a directory."""
    if error.errno == errno.ENOTDIR:
        return stat.S_ISLNK(_lstat(spot).st_mode)
    return error.errno == errno.ELOOP


def _need_directory(spot: Spot) -> None:
    if not stat.S_ISDIR(_lstat(spot).st_mode):
        raise refuse(errno.ENOTDIR)


def _without_slash(path: bytes) -> bytes:
    return path.rstrip(b"/") or path


def _offset(offset: int) -> int:
    """An offset the system can take. Raises OSError (EINVAL)."""
    if offset > _MAX_OFFSET:
        raise refuse(errno.EINVAL)
    return offset


def _lstat(spot: Spot) -> os.stat_result:
    return os.stat(spot.name, dir_fd=spot.directory_fd, follow_symlinks=False)


def _filetype(mode: int) -> Filetype:
    return next((filetype for is_type, filetype in _TYPES if is_type(mode)), Filetype.UNKNOWN)


def _filestat(found: os.stat_result) -> FileStat:
    return FileStat(
        found.st_dev,
        found.st_ino,
        _filetype(found.st_mode),
        found.st_nlink,
        found.st_size,
        found.st_atime_ns,
        found.st_mtime_ns,
        found.st_ctime_ns,
    )


def _times(found: os.stat_result, atim_ns: int | None, mtim_ns: int | None) -> tuple[int, int]:
    return (
        found.st_atime_ns if atim_ns is None else atim_ns,
        found.st_mtime_ns if mtim_ns is None else mtim_ns,
    )


def _entry(name: os.DirEntry[str]) -> Entry:
    return Entry(os.fsencode(name.name), name.inode(), _filetype(name.stat(follow_symlinks=False).st_mode))
