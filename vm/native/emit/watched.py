"""Handlers of accesses that ask for watches: they stand in the place of the others while something is watched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Flag, auto

from vm.native.emit import atomic, control, memory, reference, vector_memory
from vm.native.ir import Body, Code, symbol
from vm.native.shapes import AT_WATCH_END, AT_WATCH_KINDS, FIELD, READS, WATCH_BYTES, WRITES


class Where(Flag):
    """What kinds of bytes are watched."""

    NOWHERE = 0
    MEMORY = auto()
    GLOBAL = auto()
    TABLE = auto()
    HEAP = auto()


def asking(name: str) -> str:
    """The handler that asks for watches and then does what another one does."""
    return name + ".watched"


def _asking(body: Body) -> Body:
    def write(c: Code) -> None:
        c.watched = True
        body(c)

    return write


def _leaving(c: Code) -> None:
    """For what is done by the runtime while something is watched."""
    c.jump(symbol("leave.watch"))


_TABLES = [n for n in reference.HANDLERS if n.startswith("table.")] + ["call_indirect", "return_call_indirect"]
_OBJECTS = {n: b for n, b in reference.HANDLERS.items() if n.startswith(("struct.", "array.g", "array.s"))}
_SCALARS = {n: b for n, b in memory.HANDLERS.items() if ".load" in n or ".store" in n}
_GLOBALS = {n: b for n, b in control.HANDLERS.items() if n.startswith("global.")}
_RARE = ("memory.fill", "memory.copy", *_TABLES, *vector_memory.LANES)  # rather few than fast


def _family(bodies: Mapping[str, Body]) -> Mapping[str, Body]:
    return {asking(name): _asking(body) for name, body in bodies.items()}


FAMILIES: Mapping[str, Mapping[str, Body]] = {
    "watched scalar": {**_family({**_SCALARS, **_GLOBALS}), **dict.fromkeys(map(asking, _RARE), _leaving)},
    "watched vector": _family(vector_memory.ACCESSES),
    "watched reference": _family(_OBJECTS),
    "watched atomic": _family(atomic.HANDLERS),
}


def _kinds(name: str) -> int:
    """What an instruction does to bytes, by its handler's name."""
    if "rmw" in name or name in ("memory.copy", *_TABLES):
        return READS | WRITES
    return WRITES if any(word in name for word in ("store", ".set", "fill")) else READS


WATCHED: Mapping[str, tuple[Where, int]] = {
    **{
        n: (Where.MEMORY, _kinds(n))
        for n in (*_SCALARS, *vector_memory.ACCESSES, *vector_memory.LANES, *atomic.HANDLERS)
    },
    **{n: (Where.MEMORY, _kinds(n)) for n in ("memory.fill", "memory.copy")},
    **{n: (Where.GLOBAL, _kinds(n)) for n in _GLOBALS},
    **{n: (Where.TABLE, _kinds(n)) for n in _TABLES},
    **{n: (Where.HEAP, _kinds(n)) for n in _OBJECTS},
}


def watched_handlers(where: Where, kinds: int) -> Iterable[str]:
    """The handlers that may touch such bytes in such ways."""
    return (name for name, (place, how) in WATCHED.items() if place & where and how & kinds)


SEEN = f"""define internal i1 @seen(ptr %ctx, i64 %start, i64 %end, i64 %kinds) noinline nounwind {{
  %first_at = getelementptr i8, ptr %ctx, i64 {8 * FIELD["watches"]}
  %first = load ptr, ptr %first_at
  %last_at = getelementptr i8, ptr %ctx, i64 {8 * FIELD["watches_end"]}
  %last = load ptr, ptr %last_at
  br label %next
next:
  %at = phi ptr [%first, %0], [%following, %more]
  %none = icmp eq ptr %at, %last
  br i1 %none, label %no, label %look
look:
  %watch_start = load i64, ptr %at
  %end_at = getelementptr i8, ptr %at, i64 {AT_WATCH_END}
  %watch_end = load i64, ptr %end_at
  %kinds_at = getelementptr i8, ptr %at, i64 {AT_WATCH_KINDS}
  %watch_kinds = load i64, ptr %kinds_at
  %below = icmp ult i64 %start, %watch_end
  %above = icmp ugt i64 %end, %watch_start
  %both = and i64 %kinds, %watch_kinds
  %asked = icmp ne i64 %both, 0
  %overlap = and i1 %below, %above
  %seen = and i1 %overlap, %asked
  br i1 %seen, label %yes, label %more
more:
  %following = getelementptr i8, ptr %at, i64 {WATCH_BYTES}
  br label %next
yes:
  ret i1 true
no:
  ret i1 false
}}"""
