"""Arguments, environment, clocks, randomness, the process itself, and sockets, which are not supported."""

from __future__ import annotations

from vm.host import Exit
from vm.wasi.abi import U32, Clock, Fdflags, Riflags, Sdflags
from vm.wasi.context import Answer, Context
from vm.wasi.errno import Errno, Refused
from vm.wasi.guest import GuestFault, Span

_EXIT_CODES = range(126)  # Wasmtime refuses those that a shell gives a meaning
_RANDOM_CHUNK_BYTES = 1 << 20


def args_get(call: Context, argv: int, argv_buf: int) -> Answer:
    """The arguments, NUL-terminated one after another, and a pointer to each (witx: `args_get`)."""
    return _strings(call, call.args, argv, argv_buf)


def args_sizes_get(call: Context) -> Answer:
    """How many arguments, and their bytes with the NULs (witx: `args_sizes_get`)."""
    return _sizes(call.args)


def environ_get(call: Context, environ: int, environ_buf: int) -> Answer:
    """The environment, as `args_get` gives arguments (witx: `environ_get`)."""
    return _strings(call, call.env, environ, environ_buf)


def environ_sizes_get(call: Context) -> Answer:
    """How many variables, and their bytes with the NULs (witx: `environ_sizes_get`)."""
    return _sizes(call.env)


def _strings(call: Context, strings: tuple[bytes, ...], pointers: int, buffer: int) -> Answer:
    for number, string in enumerate(strings):
        call.guest.store(U32, pointers + number * U32.size, buffer)
        call.guest.write(buffer, string + b"\0")
        buffer += len(string) + 1
    return None


def _sizes(strings: tuple[bytes, ...]) -> Answer:
    return (len(strings),), (sum(len(s) + 1 for s in strings),)


def clock_res_get(call: Context, clock: Clock) -> Answer:
    """A clock's resolution in nanoseconds; EBADF for CPU time (witx: `clock_res_get`)."""
    return call.world.resolution_ns(_real(clock))


def clock_time_get(call: Context, clock: Clock, _precision_ns: int) -> Answer:
    """A clock's reading in nanoseconds; EBADF for CPU time (witx: `clock_time_get`)."""
    return call.world.now_ns(_real(clock))


def _real(clock: Clock) -> Clock:
    if clock in (Clock.PROCESS_CPUTIME, Clock.THREAD_CPUTIME):
        raise Refused(Errno.BADF)
    return clock


def random_get(call: Context, buffer: Span) -> Answer:
    """Fills a buffer with random bytes (witx: `random_get`)."""
    call.guest.check(buffer.pointer, buffer.count)
    for at in range(0, buffer.count, _RANDOM_CHUNK_BYTES):
        size = min(_RANDOM_CHUNK_BYTES, buffer.count - at)
        call.guest.write(buffer.pointer + at, call.world.random(size))
    return None


def proc_exit(_call: Context, code: int) -> Answer:
    """Ends the program; traps for codes from 126 on, as Wasmtime does (witx: `proc_exit`)."""
    if code not in _EXIT_CODES:
        raise GuestFault(f"the exit code {code} is not below {_EXIT_CODES.stop}")
    return Exit(code)


def proc_raise(_call: Context, _signal: int) -> Answer:
    """ENOTSUP (witx: `proc_raise`)."""
    raise Refused(Errno.NOTSUP)


def sched_yield(_call: Context) -> Answer:
    """Does nothing (witx: `sched_yield`)."""
    return None


def sock_accept(call: Context, fd: int, _flags: Fdflags) -> Answer:
    """ENOTSOCK, as no descriptor is a socket (witx: `sock_accept`)."""
    return _no_socket(call, fd)


def sock_recv(call: Context, fd: int, _data: Span, _flags: Riflags) -> Answer:
    """ENOTSOCK (witx: `sock_recv`)."""
    return _no_socket(call, fd)


def sock_send(call: Context, fd: int, _data: Span, _flags: int) -> Answer:
    """ENOTSOCK (witx: `sock_send`)."""
    return _no_socket(call, fd)


def sock_shutdown(call: Context, fd: int, _how: Sdflags) -> Answer:
    """ENOTSOCK (witx: `sock_shutdown`)."""
    return _no_socket(call, fd)


def _no_socket(call: Context, fd: int) -> Answer:
    call.table.get(fd)
    raise Refused(Errno.NOTSOCK)
