"""Every error the project raises on purpose.

A front end catches `WasmscopeError` in one place and prints `str(error)`, one line. A `Trap` is not an
error of ours but an outcome of the guest: the machine turns it into a stop.
"""

from __future__ import annotations

from enum import Enum


class WasmscopeError(Exception):
    """Anything a user may meet. `str()` is one line: what, where, what was expected."""


class DecodeError(WasmscopeError):
    """The bytes are not a well-formed module (spec: Binary Format). `offset` counts from the file's start."""

    def __init__(self, offset: int, what: str) -> None:
        super().__init__(offset, what)
        self.offset, self.what = offset, what

    def __str__(self) -> str:
        return f"malformed module: {self.what}, at {self.offset:#x}"


class UnsupportedError(DecodeError):
    """Well-formed as far as seen, but uses a proposal this version does not run."""

    def __str__(self) -> str:
        return f"module uses {self.what}, at {self.offset:#x}, which is not supported yet"


class ValidationError(WasmscopeError):
    """The module breaks a typing rule (spec: Validation). `func` is None outside function bodies."""

    def __init__(self, func: int | None, offset: int, what: str) -> None:
        super().__init__(func, offset, what)
        self.func, self.offset, self.what = func, offset, what

    def __str__(self) -> str:
        where = f", in function {self.func}" if self.func is not None else ""
        return f"invalid module: {self.what}{where}, at {self.offset:#x}"


class LinkError(WasmscopeError):
    """Imports cannot be satisfied, or an instance would pass a limit (spec: Instantiation)."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what, hint)
        self.what, self.hint = what, hint

    def __str__(self) -> str:
        return f"cannot link: {self.what}" + (f" ({self.hint})" if self.hint else "")


class MemoryFault(WasmscopeError):
    """No mapped, accessible bytes at `addr` for `size` bytes."""

    def __init__(self, addr: int, size: int, what: str = "unmapped") -> None:
        super().__init__(addr, size, what)
        self.addr, self.size, self.what = addr, size, what

    def __str__(self) -> str:
        return f"cannot access {self.size} bytes at {self.addr:#x}: {self.what}"


class UserError(WasmscopeError):
    """A request that makes no sense as given; `hint` says what to try."""

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text, hint)
        self.text, self.hint = text, hint

    def __str__(self) -> str:
        return self.text + (f"; {self.hint}" if self.hint else "")


class StaleHandle(WasmscopeError):
    """A record of an earlier stop was used after the machine went on."""

    def __str__(self) -> str:
        return "this value belongs to an earlier stop; read it again"


class TrapKind(Enum):
    """Why a guest trapped; the value is the official scripts' wording (spec: Execution)."""

    UNREACHABLE = "unreachable"
    OUT_OF_BOUNDS_MEMORY = "out of bounds memory access"
    OUT_OF_BOUNDS_TABLE = "out of bounds table access"
    UNDEFINED_ELEMENT = "undefined element"
    UNINITIALIZED_ELEMENT = "uninitialized element"
    INDIRECT_CALL_TYPE = "indirect call type mismatch"
    INTEGER_DIVIDE_BY_ZERO = "integer divide by zero"
    INTEGER_OVERFLOW = "integer overflow"
    INVALID_CONVERSION = "invalid conversion to integer"
    CALL_STACK_EXHAUSTED = "call stack exhausted"
    NULL_REFERENCE = "null reference"
    NULL_FUNCTION = "null function reference"
    NULL_STRUCTURE = "null structure reference"
    NULL_ARRAY = "null array reference"
    NULL_I31 = "null i31 reference"
    NULL_EXCEPTION = "null exception reference"
    OUT_OF_BOUNDS_ARRAY = "out of bounds array access"
    CAST_FAILURE = "cast failure"
    UNCAUGHT_EXCEPTION = "unhandled exception"
    GC_HEAP_FULL = "allocation failure"
    UNALIGNED_ATOMIC = "unaligned atomic"
    DEADLOCK = "deadlock"
    UNSHARED_WAIT = "expected shared memory"
    HOST = "host function trapped"


class Trap(Exception):
    """A guest outcome. `detail` holds the numbers an explanation needs (address, bound, index ...)."""

    def __init__(self, kind: TrapKind, detail: str = "", **facts: int) -> None:
        super().__init__(kind, detail)
        self.kind, self.detail, self.facts = kind, detail, facts

    def __str__(self) -> str:
        return self.kind.value + (f": {self.detail}" if self.detail else "")
