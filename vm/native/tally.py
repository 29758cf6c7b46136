"""Counts the words of a trace in machine code: a hash table with open addressing.

Where a word stands that is new, or was flagged, is written down: whoever counts looks at those by hand.
"""

from __future__ import annotations

import ctypes
from array import array
from functools import cache

import llvmlite.binding as llvm

from vm.native.build import compile_object, target_machine

_BITS = 21  # more slots than a stretch has words
_SLOTS = 1 << _BITS
_MOST_KEYS = _SLOTS // 4
_SHIFT = 64 - _BITS
_IR = f"""
define i64 @tally(ptr %words, i64 %count, ptr %keys, ptr %counts, ptr %flags, ptr %marked) {{
entry:
  %none = icmp eq i64 %count, 0
  br i1 %none, label %done, label %word
word:
  %i = phi i64 [0, %entry], [%next, %counted]
  %found = phi i64 [0, %entry], [%found.after, %counted]
  %at = getelementptr i64, ptr %words, i64 %i
  %w = load i64, ptr %at
  %mixed = mul i64 %w, -7046029254386353131
  %slot.first = lshr i64 %mixed, {_SHIFT}
  br label %probe
probe:
  %slot = phi i64 [%slot.first, %word], [%slot.next, %other]
  %key.at = getelementptr i64, ptr %keys, i64 %slot
  %key = load i64, ptr %key.at
  %same = icmp eq i64 %key, %w
  br i1 %same, label %hit, label %miss
miss:
  %free = icmp eq i64 %key, 0
  br i1 %free, label %new, label %other
other:
  %slot.one = add i64 %slot, 1
  %slot.next = and i64 %slot.one, {_SLOTS - 1}
  br label %probe
new:
  store i64 %w, ptr %key.at
  %new.count = getelementptr i64, ptr %counts, i64 %slot
  store i64 1, ptr %new.count
  br label %mark
hit:
  %count.at = getelementptr i64, ptr %counts, i64 %slot
  %before = load i64, ptr %count.at
  %after = add i64 %before, 1
  store i64 %after, ptr %count.at
  %flag.at = getelementptr i8, ptr %flags, i64 %slot
  %flag = load i8, ptr %flag.at
  %flagged = icmp ne i8 %flag, 0
  br i1 %flagged, label %mark, label %counted
mark:
  %mark.at = getelementptr i64, ptr %marked, i64 %found
  store i64 %i, ptr %mark.at
  %found.more = add i64 %found, 1
  br label %counted
counted:
  %found.after = phi i64 [%found, %hit], [%found.more, %mark]
  %next = add i64 %i, 1
  %over = icmp uge i64 %next, %count
  br i1 %over, label %out, label %word
out:
  ret i64 %found.after
done:
  ret i64 0
}}
"""


@cache
def _compiled() -> tuple[object, int]:
    """The code, which lives as long as the first of these, and its address."""
    jit = llvm.create_lljit_compiler(target_machine(), use_jit_link=True)
    library = llvm.JITLibraryBuilder().add_object_img(compile_object(_IR)).export_symbol("tally").link(jit, "tally")
    return (jit, library), library["tally"]


class Tally:
    """Counts of words, and of which of them it is to be told each time."""

    def __init__(self, most_words: int) -> None:
        kept, address = _compiled()
        self._kept = kept
        prototype = ctypes.CFUNCTYPE(
            ctypes.c_uint64, *[ctypes.c_void_p if i != 1 else ctypes.c_uint64 for i in range(6)]
        )
        self._run = prototype(address)
        self._keys, self._counts = (ctypes.c_uint64 * _SLOTS)(), (ctypes.c_uint64 * _SLOTS)()
        self._flags = (ctypes.c_uint8 * _SLOTS)()
        self._marked = (ctypes.c_uint64 * most_words)()
        self._places: dict[int, int] = {}  # slots by word

    def add(self, words: array[int], count: int) -> list[int]:
        """Counts the first `count` words; indexes of those that are new or flagged."""
        found = self._run(
            words.buffer_info()[0], count, ctypes.addressof(self._keys), ctypes.addressof(self._counts),
            ctypes.addressof(self._flags), ctypes.addressof(self._marked),
        )  # fmt: skip
        return self._marked[:found]

    @property
    def is_full(self) -> bool:
        """Whether it has to be emptied before more is added."""
        return len(self._places) > _MOST_KEYS

    def noticed(self, word: int, flagged: bool) -> None:
        """A word that is new was looked at; `flagged`: each is to be told."""
        slot = ((word * 0x9E37_79B9_7F4A_7C15) & 0xFFFF_FFFF_FFFF_FFFF) >> _SHIFT
        while self._keys[slot] != word:
            slot = (slot + 1) % _SLOTS
        self._places[word] = slot
        self._flags[slot] = flagged

    def take(self) -> dict[int, int]:
        """The counts; it begins anew."""
        made = {word: self._counts[slot] for word, slot in self._places.items()}
        for block in (self._keys, self._counts, self._flags):
            ctypes.memset(block, 0, ctypes.sizeof(block))
        self._places.clear()
        return made
