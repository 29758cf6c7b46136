"""An era that no runtime has: every field elsewhere, memories in line, another tag bit, other magics.

Whatever passes in the newest era must pass here unchanged, or it rests on an offset or an encoding.
"""

from __future__ import annotations

from dataclasses import replace

from vm.eras import NEWEST
from vm.layout import Align, Array, Era, Field, FuncrefEncoding, Hop, Struct

_STEP = Align(16)


def _scattered(struct: Struct) -> Struct:
    """The fields in reverse, apart from each other, behind an unused head; an object's header stays in front."""
    first = struct[0]
    if isinstance(first, Field) and first.type == NEWEST.gc.header:
        return (first, *_scattered(struct[1:]))
    items = [item for item in reversed(struct) if not isinstance(item, Align)]
    placed = tuple(part for item in items for part in (_STEP, item))
    return (Array("unused_head", "u8", 24), *placed, _STEP)


def _memories_in_line(struct: Struct) -> Struct:
    kept = [i for i in struct if not (isinstance(i, Array) and i.name in ("memories", "owned_memories"))]
    return (*kept, Array("memories", "VMMemoryDefinition", "num_defined_memories", "memories defined here"))


def _invented() -> Era:
    structs = dict(NEWEST.structs)
    structs["VMContext"] = _memories_in_line(structs["VMContext"])
    return replace(
        NEWEST,
        id="invented-1",
        runtime="invented",
        first_version="1.0.0",
        last_version="1.0.0",
        source="nowhere",
        magics={"vmctx": "cats", "array_call_host_func": "dogs", "component_vmctx": "bird"},
        structs={name: _scattered(struct) for name, struct in structs.items()},
        paths={**NEWEST.paths, "memory.defined": (Hop("VMContext", "memories", indexed=True),)},
        funcref=FuncrefEncoding(lazy_bit=2),
        imports_use_import_record=False,
        gc=replace(NEWEST.gc, kinds={name: bits >> 3 for name, bits in NEWEST.gc.kinds.items()}),
    )


INVENTED = _invented()
