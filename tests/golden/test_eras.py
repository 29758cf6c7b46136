"""Every struct of every era at both pointer widths, against stored text.

The text was checked against what was read from the runtimes' sources. `WASMSCOPE_UPDATE_GOLDENS=1` writes it anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from vm.eras import ERAS, MACHINE_STRUCTS
from vm.layout import Array, Era, Layouts

_TEXT = Path(__file__).parent / "eras.txt"


def _lines(era: Era) -> Iterator[str]:
    yield f"{era.id}: {era.title}"
    counts = {i.count: 2 for s in era.structs.values() for i in s if isinstance(i, Array) and isinstance(i.count, str)}
    wide, narrow = (Layouts(era, width) for width in (8, 4))
    for name in era.structs:
        if name in MACHINE_STRUCTS:
            continue
        layout, small = (of.struct(name, counts) for of in (wide, narrow))
        yield f"  {name} {layout.size} {small.size}"
        for field in layout.fields.values():
            yield f"    {field.name} {field.type} {field.offset} {small.field(field.name).offset}"


def test_eras() -> None:
    text = "\n".join(line for era in ERAS for line in _lines(era)) + "\n"
    if os.environ.get("WASMSCOPE_UPDATE_GOLDENS"):
        _TEXT.write_text(text)
    assert text == _TEXT.read_text()
