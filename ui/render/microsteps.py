"""Micro-steps of an instruction as lines."""

from __future__ import annotations

from collections.abc import Sequence

from debugger.microsteps import MicroStep
from ui.render.line import Line, Part, Role, columns, line
from ui.render.runtime import address

BYTES_A_ROW = 16


def rows(steps: Sequence[MicroStep], current: int | None = None) -> list[Line]:
    """`  2  load VMMemoryDefinition.base  8 bytes at 0x2000_…  = 0x…  meaning`; `current` is marked."""
    return columns((_cells(i, step, i == current) for i, step in enumerate(steps)), right=(1,))


def touched(start: int, data: bytes, lit: range) -> Line:
    """`0x2000_…  60 10 …`: a row of bytes, those that a micro-step touches in reverse."""
    parts: list[Part] = [(address(start), Role.ADDRESS), " "]
    for i, byte in enumerate(data):
        gap = " " if i == 0 or i % 8 else "  "
        joined = i in lit and i - 1 in lit
        parts += [
            (gap, Role.CURSOR if joined else Role.PLAIN),
            (f"{byte:02x}", Role.CURSOR if i in lit else Role.PLAIN),
        ]
    return line(*parts)


def _cells(number: int, step: MicroStep, current: bool) -> list[Part]:
    role = Role.ERROR if step.failed else Role.PLAIN
    where, value = "", ""
    if step.size:
        where = f"{step.size} bytes at {address(step.addr)}"
        value = f"= {step.value:#x}" if step.size <= 8 else ""
    return [
        ("▸" if current else " ", Role.PC), (f"{number + 1}", Role.DIM), (step.text, role), (where, Role.ADDRESS),
        (value, Role.NUMBER), (step.meaning.strip(), Role.ERROR if step.failed else Role.COMMENT),
    ]  # fmt: skip
