"""Branch hints: a custom section that says which way a branch mostly goes (branch hinting proposal).

Engines ignore a section they cannot read, and so does `branch_hints`; `check` says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Iterator

from vm.errors import DecodeError
from vm.instructions import instructions
from vm.module import Module, Span
from vm.reader import Reader

SECTION = "metadata.code.branch_hint"
_TARGETS = ("if", "br_if")


def branch_hints(module: Module) -> dict[int, bool]:
    """Whether the branch at a file offset is likely; nothing where the section is damaged or names no branch."""
    try:
        return dict(_read(module))
    except DecodeError:
        return {}


def check(module: Module) -> None:
    """Raises DecodeError where the section is damaged or a hint is about no branch."""
    for _ in _read(module):
        pass


def _read(module: Module) -> Iterator[tuple[int, bool]]:
    for custom in module.customs:
        if custom.name == SECTION:
            yield from _section(module, custom.payload)


def _section(module: Module, payload: Span) -> Iterator[tuple[int, bool]]:
    reader, last, first = Reader(module.bytes, *payload), -1, module.num_imported_funcs
    for _ in range(reader.u32()):
        at, func = reader.pos, reader.u32()
        if not first <= func < first + len(module.bodies) or func <= last:
            raise DecodeError(at, f"branch hints of function {func}, which is not defined here or out of order")
        last = func
        yield from _function(module, func, reader)
    reader.finish("the branch hints")


def _function(module: Module, func: int, reader: Reader) -> Iterator[tuple[int, bool]]:
    body, last = module.body(func), -1
    branches = {i.offset for i in instructions(module.bytes, body.code) if i.op.name in _TARGETS}
    for _ in range(reader.u32()):
        at, offset = reader.pos, reader.u32()
        size, value = reader.u32(), reader.byte()
        if offset <= last or size != 1 or value > 1:
            raise DecodeError(at, f"a branch hint at {offset:#x} of function {func} is damaged or out of order")
        last = offset
        if body.span.start + offset not in branches:
            raise DecodeError(at, f"a branch hint at {offset:#x} of function {func} is about no if or br_if")
        yield body.span.start + offset, bool(value)
