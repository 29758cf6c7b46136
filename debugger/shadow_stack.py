"""The stack that compilers keep in linear memory: a piece a frame, below `__stack_pointer`'s first value.

How much a function takes is read from its code: `__stack_pointer` less a constant. Where the stack has no room left it
grows into what lies below it, which is data unless the linker put the stack first.
"""

from __future__ import annotations

from dataclasses import dataclass

from debugger.inspect import Frame, Inspector
from vm.globals import read_global
from vm.instance import Instance
from vm.plain_constant import plain_constant
from vm.types import NumType

_NAMES = ("__stack_pointer", "stack_pointer")
_SEARCHED = 24  # instructions at a function's beginning


@dataclass(frozen=True, slots=True)
class Piece:
    """What a frame has of the stack: [start, start + size) of memory 0; size 0: nothing, or not yet."""

    frame: Frame
    start: int
    size: int


@dataclass(frozen=True, slots=True)
class ShadowStack:
    """`pointer` now, `top` where it began, `floor` what it may go down to; `below`: what lies under that."""

    pointer: int
    top: int
    floor: int
    below: str
    pieces: tuple[Piece, ...]

    @property
    def overflow(self) -> int:
        """How many bytes it has grown past its floor."""
        return max(0, self.floor - self.pointer)


def shadow_stack(inspect: Inspector, instance: Instance) -> ShadowStack | None:
    """The shadow stack of an instance; None when it has none by that name."""
    number = _pointer_global(inspect, instance)
    if number is None or not instance.memories:
        return None
    pointer = read_global(inspect.machine, instance.globals[number]) & 0xFFFF_FFFF
    top = _first_value(instance, number)
    if top is None:
        return None
    floor, below = _floor(inspect, instance, top)
    return ShadowStack(pointer, top, floor, below, _pieces(inspect, instance, number, pointer))


def _pointer_global(inspect: Inspector, instance: Instance) -> int | None:
    named = inspect.symbols(instance).by_global_name
    return next((named[name] for name in _NAMES if name in named), None)


def _first_value(instance: Instance, number: int) -> int | None:
    """A defined global's initial value; None for an imported one."""
    module = instance.module
    imported = len(module.globals) - len(module.defined_globals)
    found = module.defined_globals[number - imported].plain if number >= imported else None
    return found.value if found is not None and found.type is NumType.I32 else None


def _floor(inspect: Inspector, instance: Instance, top: int) -> tuple[int, str]:
    """The end of the highest data below the stack's top; 0 when there are none: the stack comes first."""
    module, ends = instance.module, list[tuple[int, int]]()
    for number, segment in enumerate(module.datas):
        at = None if segment.offset is None else plain_constant(module.bytes, segment.offset.start, segment.offset.end)
        if at is not None and at.value < top:
            ends.append((at.value + segment.bytes.end - segment.bytes.start, number))
    symbols = inspect.symbols(instance).by_global_name
    data_end = _first_value(instance, symbols["__data_end"]) if "__data_end" in symbols else None
    if data_end is not None and data_end <= top:
        return data_end, "data that are zero at first, and the module's"
    if not ends:
        return 0, "the beginning of memory"
    end, number = max(ends)
    return end, f"data segment {number}"


def _pieces(inspect: Inspector, instance: Instance, number: int, pointer: int) -> tuple[Piece, ...]:
    found: list[Piece] = []
    at = pointer
    for frame in inspect.frames():
        if frame.instance is not instance:
            continue
        size = _taken(inspect, frame, number)
        found.append(Piece(frame, at, size))
        at += size
    return tuple(found)


def _taken(inspect: Inspector, frame: Frame, number: int) -> int:
    """How many bytes a frame has taken off the pointer, by the code that ran so far."""
    instrs = inspect.facts(frame).instrs
    names = [i.op.name for i in instrs[: _SEARCHED * 2]]
    for i, instr in enumerate(instrs[:_SEARCHED]):
        if instr.op.name != "global.get" or instr.imm[0] != number:
            continue
        constant = next((k for k in range(i + 1, min(i + 8, len(names))) if names[k] == "i32.const"), None)
        minus = next((k for k in range(i + 1, min(i + 14, len(names))) if names[k] == "i32.sub"), None)
        written = next((k for k in range(i + 1, len(names)) if names[k] == "global.set"), None)
        if constant is None or minus is None or written is None or instrs[written].imm[0] != number:
            return 0
        size = instrs[constant].imm[0]
        return int(size) if isinstance(size, int) and frame.pc > written else 0
    return 0
