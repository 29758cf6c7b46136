"""Paths that cannot leave the directory they start in.

A path is walked one name at a time with the directory of each step held open, so nothing that is swapped in
between leads outside: each name is opened without following links, links are read and walked by hand, and
`..` goes back to the directory that was held, never to what the system thinks the parent is now.
"""

from __future__ import annotations

import errno
import os
import stat
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

MAX_LINKS = 40
MAX_PATH_BYTES = 4096

# A directory that is only passed through needs no permission to be listed, where the system knows that.
_PASS = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_LINK = (errno.ENOTDIR, errno.ELOOP, errno.EMLINK)


def refuse(number: int) -> OSError:
    """An OSError with this system error number."""
    return OSError(number, os.strerror(number))


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a path ends: a name in a directory that is held open. `name` is `.` for the directory itself.

    `parents` are the names from the start to that directory; none of them is a link.
    """

    directory_fd: int
    name: bytes
    parents: tuple[bytes, ...]

    @property
    def path(self) -> bytes:
        """The path from the start, without links."""
        names = self.parents if self.name == b"." else (*self.parents, self.name)
        return b"/".join(names)


class _Walk:
    """The directories held on the way, innermost last; the first is the caller's."""

    def __init__(self, start_fd: int) -> None:
        self._fds = [start_fd]
        self.names: list[bytes] = []

    @property
    def top(self) -> int:
        return self._fds[-1]

    def enter(self, name: bytes) -> None:
        self._fds.append(os.open(name, _PASS, dir_fd=self.top))
        self.names.append(name)

    def leave(self) -> None:
        if not self.names:
            raise refuse(errno.EPERM)
        os.close(self._fds.pop())
        self.names.pop()

    def close(self) -> None:
        while len(self._fds) > 1:
            os.close(self._fds.pop())


@contextmanager
def located(start_fd: int, path: bytes, follow: bool = False) -> Iterator[Spot]:
    """Where `path` from the directory `start_fd` ends; `follow` follows a link in its last name.

    A path that ends in a slash ends at the directory itself. Raises OSError: EPERM for one that leads out,
    ELOOP past 40 links, ENOENT when empty, ENAMETOOLONG, and what the system says.
    """
    walk = _Walk(start_fd)
    try:
        yield _walk(walk, path, follow)
    finally:
        walk.close()


def _walk(walk: _Walk, path: bytes, follow: bool) -> Spot:
    left, links = deque(names(path)), 0
    while left:
        name = left.popleft()
        if name == b"..":
            walk.leave()
        elif name != b".":
            target = _step(walk, name, last=not left, follow=follow)
            if target is None and not left:
                return Spot(walk.top, name, tuple(walk.names))
            if target is not None:
                links += 1
                if links > MAX_LINKS:
                    raise refuse(errno.ELOOP)
                left.extendleft(reversed(names(target)))
    return Spot(walk.top, b".", tuple(walk.names))


def names(path: bytes) -> list[bytes]:
    """A path's names; a slash at its end counts as `.`. Raises OSError: ENOENT, EPERM, ENAMETOOLONG."""
    if len(path) >= MAX_PATH_BYTES:
        raise refuse(errno.ENAMETOOLONG)
    if not path:
        raise refuse(errno.ENOENT)
    if path.startswith(b"/"):
        raise refuse(errno.EPERM)
    found = [name for name in path.split(b"/") if name]
    return [*found, b"."] if path.endswith(b"/") else found


def _step(walk: _Walk, name: bytes, *, last: bool, follow: bool) -> bytes | None:
    """Goes into a directory, unless it is the path's last name; a link to be followed gives its target."""
    if last:
        return _link_target(walk.top, name) if follow else None
    try:
        walk.enter(name)
    except OSError as error:
        target = _link_target(walk.top, name) if error.errno in _NO_LINK else None
        if target is None:
            raise
        return target
    return None


def _link_target(directory_fd: int, name: bytes) -> bytes | None:
    try:
        return os.readlink(name, dir_fd=directory_fd)
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOENT):
            return None
        raise


def held(start_fd: int, path: bytes, flags: int, mode: int = 0o666) -> int:
    """Opens a path that names no link, with system `flags`. Never waits for the other end of a FIFO."""
    with located(start_fd, path or b".") as spot:
        return open_spot(spot, flags, mode)


def open_spot(spot: Spot, flags: int, mode: int = 0o666) -> int:
    """Opens what is at a spot, which must be no link (ELOOP). Never waits."""
    flags |= os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    return os.open(spot.name, flags, mode, dir_fd=spot.directory_fd)


def is_directory(fd: int) -> bool:
    """Whether an open file is a directory."""
    return stat.S_ISDIR(os.fstat(fd).st_mode)
