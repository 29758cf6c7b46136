"""What native code and the driver agree on: words, a function's record, the context, and an era's shape.

Everything here lies outside the guest's state: caches that may be dropped at any time.
"""

from __future__ import annotations

from dataclasses import dataclass

from vm.layout import Layouts

# A word of translated code: {handler u64, d u32, ticks u32, a u32, b u32, imm u64}. `d`, `a` and `b` are offsets of
# slots from the frame's base in bytes, d the destination. `ticks` stands in a block's first word: how many instructions
# retire in the block, taken from the fuel by what goes to it. A fork is followed by a word that is not run:
# {address to go to when the condition is not 0, address when it is, how often it was not 0 while that is counted}.
# In front of a block stands how often it was gone to while that is counted: behind a fork, or in a word of its own.
WORD_BYTES = 32
AT_D, AT_TICKS, AT_A, AT_B, AT_IMM = 8, 12, 16, 20, 24
AT_TAKEN, AT_NOT_TAKEN, AT_TIMES_TAKEN = WORD_BYTES, WORD_BYTES + 8, WORD_BYTES + 16
AT_TIMES = -8

# A function that can be called natively: {code u64 (0: not translated), room u64, zero_from u32, zero_to u32,
# func u32, reserved u32, vmctx u64, heads u64}. `room` is the frame's size; locals [zero_from, zero_to) start as 0; all
# in bytes. `heads` has a u32 for every instruction: the offset in the code of the block that begins there.
FUNC_BYTES = 64
AT_CODE, AT_ROOM, AT_ZERO_FROM, AT_ZERO_TO, AT_FUNC, AT_VMCTX, AT_HEADS = 0, 8, 16, 20, 24, 32, 40

# The context: u64 words, by number.
CONTEXT = (
    "why",  # it left: one of the LEFT numbers
    "pc",  # address of the word to run next
    "fp",  # address of the frame's first slot
    "fuel",  # ticks left beyond those of the block under way
    "control",  # address of the innermost control record
    "control_last",  # the last record that may be pushed onto
    "control_first",  # a frame here returns to a record that native code did not push
    "values_end",  # end of the value stack
    "vmctx",  # whose code runs
    "funcs",  # function records of that instance
    "memory_base",  # address of the field that says where memory 0 lies
    "memory_length",  # and how long it is
    "cards",  # of memory 0
    "code_base",  # of the code records
    "func_by_code",  # addresses of function records, by number of code record
    "heap_base",  # address of the field that says where the GC heap lies
    "heap_cards",
    "func_ref_type",  # offsets in a VMFuncRef
    "func_ref_code",
    "lazy_bit",  # of a funcref's word in a table
    "array_length",  # offset in an array's header
    "i31_bit",
    "notes_left",  # how many sites and watches more are only to be noted
    "note_pc",  # where the last one that was noted was met, and the fuel there
    "note_fuel",
    "watches",  # address of {start u64, end u64, kinds u64} of each watch
    "watches_end",
    "trace_at",  # where the next entry of the trace goes
    "trace_start",
    "trace_end",
    "heat",  # where accesses to a region are counted: the region begins here, and so many bytes of it are counted
    "heat_low",
    "heat_size",
    "watch_low",  # all watches lie from here
    "watch_high",  # to here
)
FIELD = {name: i for i, name in enumerate(CONTEXT)}

LEFT_FUEL, LEFT_TO_RUNTIME, LEFT_SITE, LEFT_WATCH = 0, 1, 2, 3

# A single is an instruction that stands alone: two words, the second where it goes on; then both again, where nothing
# stands in front of it; then a word for how often the next one was gone to.
SINGLE_BYTES, PLAIN_BYTES = 5 * WORD_BYTES, 2 * WORD_BYTES

LEFT_HERE = 1 << 2  # in a word of a trace: the block before was left at this single

READS, WRITES = 1, 2  # kinds of accesses that a watch sees
WATCH_BYTES, AT_WATCH_END, AT_WATCH_KINDS = 24, 8, 16


@dataclass(frozen=True, slots=True)
class Shape:
    """What handlers are made for: the machine's own records, and the shapes of an era's access paths.

    Where a path leads, and the offsets in what lies there, are operands: they stand in words and in the context.
    """

    record_bytes: int
    record: tuple[int, ...]  # offsets of vmctx, func, pc, base, flags, callee_results, caller
    code_record_bytes: int
    memory_length_bytes: int
    table_length_bytes: int
    lazy_tables: bool  # a funcref's word in a table is tagged, and 0 while it is not resolved
    canonical_nan: bool

    @classmethod
    def of(cls, layouts: Layouts, canonical_nan: bool) -> Shape:
        """The shape of an era's layouts."""
        record = layouts.struct("ControlRecord")
        names = ("vmctx", "func", "pc", "base", "flags", "callee_results", "caller")
        return cls(
            record_bytes=record.size,
            record=tuple(record.field(n).offset for n in names),
            code_record_bytes=layouts.struct("CodeRecord").size,
            memory_length_bytes=layouts.field("VMMemoryDefinition", "current_length").size,
            table_length_bytes=layouts.field("VMTableDefinition", "current_elements").size,
            lazy_tables=bool(layouts.era.funcref.lazy_bit),
            canonical_nan=canonical_nan,
        )
