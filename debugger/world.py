"""The world a debugged program reaches: real, or none at all while a recording is replayed."""

from __future__ import annotations

import os
import random
import select
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, cast

from debugger.files import RealFiles
from debugger.terminal import FedInput, Input, OutputRing, Sink, input_from
from vm.errors import UserError
from vm.host import Until
from vm.wasi.abi import Clock
from vm.wasi.world import Root, Stream, World

# How late a wait may notice that it was interrupted, in seconds.
_INTERRUPT_CHECK_S = 0.01


class RealWorld:
    """Real clocks, files and randomness, and a terminal that a front end feeds and listens to.

    `stdin` None: fed by `feed_stdin`; a path: that file (UserError when it cannot be read); an int: an open
    descriptor of this process, such as 0. `seed` makes `random` repeat. `feed_stdin`, `close_stdin` and `wake`
    may be called from any thread.
    """

    def __init__(
        self,
        roots: tuple[Root, ...] = (),
        *,
        stdin: Path | int | None = None,
        on_output: Sink | None = None,
        terminals: frozenset[Stream] = frozenset(),
        seed: int | None = None,
    ) -> None:
        self.files = RealFiles(roots)
        self.outputs = OutputRing()
        self._own_stdin = _open_input(stdin) if isinstance(stdin, Path) else None
        given = stdin if isinstance(stdin, int) else self._own_stdin
        self._input: Input = FedInput() if given is None else input_from(given)
        self._on_output = on_output
        self.noted: Sink = lambda stream, data: None  # is told what the program writes while it runs
        self._terminals = terminals
        self._random = os.urandom if seed is None else random.Random(seed).randbytes
        self._wanted = 0  # offset of the input that was asked for last
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)

    @property
    def roots(self) -> tuple[Root, ...]:
        """The preopened directories, by number."""
        return self.files.roots

    def close(self) -> None:
        """Lets go of every system descriptor. The world is of no use afterwards."""
        self.files.release()
        descriptors = (self._wake_read, self._wake_write, self._own_stdin)
        self._wake_write = -1  # another thread may still want to wake: not into a file that gets the number next
        for fd in descriptors:
            if fd is not None:
                os.close(fd)

    def restored(self) -> None:
        """To be called when the descriptor table was put back: what is held open belongs to another past."""
        self.files.release()

    def now_ns(self, clock: Clock) -> int:
        return time.time_ns() if clock is Clock.REALTIME else time.monotonic_ns()

    def resolution_ns(self, clock: Clock) -> int:
        realtime = clock is Clock.REALTIME
        info = time.get_clock_info("time") if realtime else time.get_clock_info("monotonic")
        return max(1, round(info.resolution * 1e9))

    def random(self, size: int) -> bytes:
        return self._random(size)

    def is_terminal(self, stream: Stream) -> bool:
        return stream in self._terminals

    def input(self, offset: int, size: int) -> bytes | None:
        self._wanted = offset
        return self._input.read(offset, size)

    def input_ready(self, offset: int) -> bool:
        self._wanted = offset
        return self._input.ready(offset)

    def feed_stdin(self, data: bytes) -> None:
        """More standard input. Raises UserError when it comes from elsewhere."""
        self._feedable().feed(data)
        self.wake()

    def close_stdin(self) -> None:
        """Ends standard input. Raises UserError when it comes from elsewhere."""
        self._feedable().close()
        self.wake()

    def _feedable(self) -> FedInput:
        if not isinstance(self._input, FedInput):
            raise UserError("standard input comes from a file or pipe", "start without --stdin to type it")
        return self._input

    def output(self, stream: Stream, data: bytes) -> None:
        self.noted(stream, data)
        self.show(stream, data)

    def show(self, stream: Stream, data: bytes) -> None:
        """Hands output on, whenever it was written."""
        self.outputs.add(stream, data)
        if self._on_output is not None:
            self._on_output(stream, data)

    def wake(self) -> None:
        """Makes a `wait` in another thread look again at once."""
        try:
            os.write(self._wake_write, b"\0")
        except OSError:  # full, so it wakes anyway; or closed
            return

    def wait(self, until: Until, interrupted: Callable[[], bool]) -> bool:
        """Sleeps until `until` holds (True) or `interrupted` answers True (False); at most 10 ms late."""
        while not interrupted():
            if until.readable and self._input.ready(self._wanted):
                return True
            left_s = _INTERRUPT_CHECK_S
            if until.deadline_ns is not None:
                left_s = min(left_s, (until.deadline_ns - time.monotonic_ns()) / 1e9)
                if left_s <= 0:
                    return True
            self._sleep(left_s, bool(until.readable))
        return False

    def _sleep(self, seconds: float, for_input: bool) -> None:
        fds = [self._wake_read]
        if for_input and self._input.wait_fd is not None:
            fds.append(self._input.wait_fd)
        if self._wake_read in select.select(fds, [], [], seconds)[0]:
            os.read(self._wake_read, 4096)


def _open_input(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}", "give --stdin a file that exists") from None


class NoWorld:
    """A world that must not be touched: any use is a bug, as in a replay."""

    def __getattr__(self, name: str) -> NoReturn:
        raise AssertionError(f"the outside world was touched: {name}")


def no_world() -> World:
    """A World that fails on any use."""
    return cast(World, NoWorld())


def parse_root(text: str) -> Root:
    """A `--dir` option: `HOST::GUEST`, or `HOST` for the same name in the guest. Raises UserError."""
    host, separator, guest = text.partition("::")
    if not host or not Path(host).is_dir():
        what = "is not a directory" if host and Path(host).exists() else "does not exist"
        raise UserError(f"the directory {host!r} {what}", "give --dir HOST::GUEST with a folder that exists")
    return Root(os.fsencode(Path(host).resolve()), os.fsencode(guest if separator else host))


def standard_terminals() -> frozenset[Stream]:
    """Which of this process's own standard streams are terminals."""
    files = {Stream.STDIN: sys.stdin, Stream.STDOUT: sys.stdout, Stream.STDERR: sys.stderr}
    return frozenset(s for s, file in files.items() if file is not None and file.isatty())
