"""The 46 functions of `wasi_snapshot_preview1`: parameters and results by witx type, as data.

From a row follow the function's WebAssembly type, how its arguments are read, and where its results go: a
call answers an errno and stores each result at a pointer that comes after the parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from types import MappingProxyType

from vm.types import I32, I64, FuncType, NumType
from vm.wasi import abi
from vm.wasi.guest import GuestFault, Span

MODULE = "wasi_snapshot_preview1"


@dataclass(frozen=True, slots=True)
class ParamType:
    """A witx type as a parameter: the values it crosses as, and what they become."""

    slots: tuple[NumType, ...]
    read: Callable[..., object]


def _flags(flags: type[IntFlag], slot: NumType = I32) -> ParamType:
    known = sum(flags)

    def read(value: int) -> IntFlag:
        if value & ~known:
            raise GuestFault(f"{value:#x} has bits that {flags.__name__.lower()} has not")
        return flags(value)

    return ParamType((slot,), read)


def _choice(choice: type[IntEnum]) -> ParamType:
    def read(value: int) -> IntEnum:
        if value >= len(choice):
            raise GuestFault(f"{value} is no {choice.__name__.lower()}")
        return choice(value)

    return ParamType((I32,), read)


def _signed(value: int) -> int:
    return value - ((value >> 63) << 64)


_NUMBER, _LONG, _SPAN = ParamType((I32,), int), ParamType((I64,), int), ParamType((I32, I32), Span)

PARAMS: Mapping[str, ParamType] = MappingProxyType(
    {
        "fd": _NUMBER,
        "size": _NUMBER,
        "pointer": _NUMBER,
        "exitcode": _NUMBER,
        "siflags": _NUMBER,
        "filesize": _LONG,
        "timestamp": _LONG,
        "dircookie": _LONG,
        "filedelta": ParamType((I64,), _signed),
        "string": _SPAN,
        "buffer": _SPAN,
        "iovec_array": _SPAN,
        "clockid": _choice(abi.Clock),
        "advice": _choice(abi.Advice),
        "whence": _choice(abi.Whence),
        "signal": _choice(abi.Signal),
        "fdflags": _flags(abi.Fdflags),
        "fstflags": _flags(abi.Fstflags),
        "lookupflags": _flags(abi.Lookupflags),
        "oflags": _flags(abi.Oflags),
        "riflags": _flags(abi.Riflags),
        "sdflags": _flags(abi.Sdflags),
        "rights": _flags(abi.Rights, I64),
    }
)


@dataclass(frozen=True, slots=True)
class Signature:
    """One function's parameters and results, by witx type."""

    name: str
    params: tuple[ParamType, ...]
    results: tuple[abi.Record, ...]
    written: tuple[str, ...] = ()  # the parameters' witx types
    answers: tuple[str, ...] = ()  # the results'

    @property
    def type(self) -> FuncType:
        """As WebAssembly sees it; `proc_exit` alone answers nothing."""
        slots = tuple(s for p in self.params for s in p.slots) + (I32,) * len(self.results)
        return FuncType(slots, () if self.name == "proc_exit" else (I32,))

    def arguments(self, args: tuple[int, ...]) -> Iterator[object]:
        """The parameters' values. Raises GuestFault where a flag or choice is unknown."""
        at = 0
        for param in self.params:
            yield param.read(*args[at : at + len(param.slots)])
            at += len(param.slots)

    def result_pointers(self, args: tuple[int, ...]) -> tuple[int, ...]:
        """Where the results go, in guest memory."""
        return args[len(args) - len(self.results) :]


_ROWS = """
args_get                 pointer pointer
args_sizes_get           -> size size
environ_get              pointer pointer
environ_sizes_get        -> size size
clock_res_get            clockid -> timestamp
clock_time_get           clockid timestamp -> timestamp
fd_advise                fd filesize filesize advice
fd_allocate              fd filesize filesize
fd_close                 fd
fd_datasync              fd
fd_fdstat_get            fd -> fdstat
fd_fdstat_set_flags      fd fdflags
fd_fdstat_set_rights     fd rights rights
fd_filestat_get          fd -> filestat
fd_filestat_set_size     fd filesize
fd_filestat_set_times    fd timestamp timestamp fstflags
fd_pread                 fd iovec_array filesize -> size
fd_prestat_get           fd -> prestat
fd_prestat_dir_name      fd buffer
fd_pwrite                fd iovec_array filesize -> size
fd_read                  fd iovec_array -> size
fd_readdir               fd buffer dircookie -> size
fd_renumber              fd fd
fd_seek                  fd filedelta whence -> filesize
fd_sync                  fd
fd_tell                  fd -> filesize
fd_write                 fd iovec_array -> size
path_create_directory    fd string
path_filestat_get        fd lookupflags string -> filestat
path_filestat_set_times  fd lookupflags string timestamp timestamp fstflags
path_link                fd lookupflags string fd string
path_open                fd lookupflags string oflags rights rights fdflags -> fd
path_readlink            fd string buffer -> size
path_remove_directory    fd string
path_rename              fd string fd string
path_symlink             string fd string
path_unlink_file         fd string
poll_oneoff              pointer pointer size -> size
proc_exit                exitcode
proc_raise               signal
random_get               buffer
sched_yield
sock_accept              fd fdflags -> fd
sock_recv                fd iovec_array riflags -> size roflags
sock_send                fd iovec_array siflags -> size
sock_shutdown            fd sdflags
"""


def _signature(row: str) -> Signature:
    left, _, right = row.partition("->")
    name, *params = left.split()
    results = right.split()
    return Signature(
        name, tuple(PARAMS[p] for p in params), tuple(abi.RESULTS[r] for r in results), tuple(params), tuple(results)
    )  # fmt: skip


SIGNATURES: tuple[Signature, ...] = tuple(_signature(row) for row in _ROWS.strip().splitlines())
