"""What one row of the instruction table says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, Flag, auto


class Imm(Enum):
    """An immediate's encoding (spec: Binary Format, Instructions)."""

    I32 = "signed LEB, 32 bits"
    I64 = "signed LEB, 64 bits"
    F32 = "4 bytes"
    F64 = "8 bytes"
    BLOCK = "block type"
    LABEL = "label index"
    LABELS = "vector of label indices, then the default"
    LOCAL = "local index"
    GLOBAL = "global index"
    FUNC = "function index"
    TYPE = "type index"
    TABLE = "table index"
    MEMORY = "memory index"
    DATA = "data segment index"
    ELEM = "element segment index"
    MEMARG = "alignment, memory index, offset"
    TYPES = "vector of value types"
    HEAP = "heap type"
    REF = "heap type of a reference that is not null"
    REF_NULL = "heap type of a reference that may be null"
    CAST = "flags, label index, two heap types"
    FIELD = "field index"
    COUNT = "number of operands"
    TAG = "tag index"
    CATCHES = "vector of catch clauses"
    ZERO = "a byte that is 0"
    V128 = "16 bytes"
    LANE = "lane index, one byte"
    LANES = "16 lane indices, one byte each"


class Has(Flag):
    """What an instruction may do. `SILENT` ones do not retire: they have no tick and are no stop."""

    NOTHING = 0
    PURE = auto()
    TRAPS = auto()
    LOADS = auto()
    STORES = auto()
    CONTROL = auto()
    CALLS = auto()
    SILENT = auto()
    CONST = auto()  # allowed in constant expressions


@dataclass(frozen=True, slots=True)
class Op:
    """One instruction.

    `sig` is `"params -> results"` in value type names, where `addr` is the address type of the memory or
    table named by the immediates; or `"@rule"`, a typing rule of the validator called by that name.
    `width` is the number of bytes a memory access touches, else 0. `anchor` is the place in the spec's
    execution chapter.
    """

    code: tuple[int, int]  # (prefix byte or 0, number)
    name: str
    imm: tuple[Imm, ...]
    sig: str
    has: Has
    proposal: str
    anchor: str
    width: int = 0

    @property
    def rule(self) -> str | None:
        """The validator's rule when the signature is not fixed."""
        return self.sig[1:] if self.sig.startswith("@") else None
