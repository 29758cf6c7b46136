"""The name section (spec: Appendix, Custom Sections), read leniently: names never fail a module.

A subsection that is damaged keeps what could be read before the damage; unknown ones are skipped.
"""

from __future__ import annotations

from collections.abc import Mapping

from vm.errors import DecodeError
from vm.module import Names, Span
from vm.reader import Reader

_MODULE = 0
_MAPS = {
    1: "functions",
    4: "types",
    5: "tables",
    6: "memories",
    7: "globals",
    8: "elems",
    9: "datas",
    11: "tags",
}
_INDIRECT_MAPS = {2: "locals", 3: "labels", 10: "fields"}

NameMap = dict[int, str]
IndirectNameMap = dict[int, Mapping[int, str]]


def _name(reader: Reader) -> str:
    span = reader.take(reader.u32())
    return reader.data[span.start : span.end].decode(errors="replace")


def _name_map(reader: Reader, into: NameMap) -> None:
    for _ in range(reader.u32()):
        index = reader.u32()
        into[index] = _name(reader)


def _indirect_map(reader: Reader, into: IndirectNameMap) -> None:
    for _ in range(reader.u32()):
        index = reader.u32()
        inner: NameMap = {}
        into[index] = inner
        _name_map(reader, inner)


def decode_names(data: bytes, payload: Span) -> Names:
    """What can be read of a name section whose bytes after the section's own name are `payload`."""
    module: str | None = None
    maps: dict[str, NameMap] = {field: {} for field in _MAPS.values()}
    indirect: dict[str, IndirectNameMap] = {field: {} for field in _INDIRECT_MAPS.values()}
    sections = Reader(data, *payload)
    try:
        while not sections.done:
            kind, part = sections.byte(), sections.sized()
            try:
                if kind == _MODULE:
                    module = _name(part)
                elif kind in _MAPS:
                    _name_map(part, maps[_MAPS[kind]])
                elif kind in _INDIRECT_MAPS:
                    _indirect_map(part, indirect[_INDIRECT_MAPS[kind]])
            except DecodeError:
                continue
    except DecodeError:
        pass
    return Names(
        module=module,
        functions=maps["functions"],
        locals=indirect["locals"],
        labels=indirect["labels"],
        types=maps["types"],
        fields=indirect["fields"],
        tables=maps["tables"],
        memories=maps["memories"],
        globals=maps["globals"],
        elems=maps["elems"],
        datas=maps["datas"],
        tags=maps["tags"],
    )
