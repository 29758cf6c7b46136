"""The program's own variables in a frame, by its debug information."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from debugger.dwarf.constants import At, Form, Tag
from debugger.dwarf.entries import Attribute, Entry, Unit
from debugger.dwarf.index import Kind
from debugger.dwarf.info import Block, DebugInfo, FunctionScope
from debugger.dwarf.location import Gone, Known, Piece, Place, Where, locate
from debugger.dwarf.ranges import locations_of
from debugger.expression.types import Type, size_of
from debugger.expression.value import Value
from debugger.inspect import Frame, Inspector
from debugger.source.objects import Reads, Stored, of_bytes
from vm.errors import DecodeError, UserError
from vm.globals import read_global
from vm.instance import Instance
from vm.types import SLOT_BYTES, Addr, slots

_EXPRESSIONS = (Form.EXPRLOC, Form.BLOCK, Form.BLOCK1, Form.BLOCK2, Form.BLOCK4)
_OPTIMISED = "optimised out"


@dataclass(frozen=True)
class SourceVariable:
    """A variable in scope. `value` is what it is, or why that is not known."""

    name: str
    type: Type | None
    value: Value | UserError
    is_parameter: bool
    function: str  # the function it belongs to, where that is an inlined one

    @property
    def text(self) -> str:
        if isinstance(self.value, UserError):
            return f"<{self.value.text}>"
        try:
            return self.value.text
        except UserError as error:
            return f"<{error.text}>"


class SourceFrame:
    """Variables of a frame (None: only globals) of an instance."""

    def __init__(
        self, info: DebugInfo, inspect: Inspector, instance: Instance, frame: Frame | None, memory: Reads
    ) -> None:
        self.info, self._inspect, self._instance, self._frame, self.memory = info, inspect, instance, frame, memory
        offset = None if frame is None else frame.offset
        self.scope: FunctionScope | None = None if offset is None else info.scope_at(offset)
        self._address = 0 if offset is None else offset - info.start

    @property
    def unit(self) -> Unit | None:
        if self.scope is not None:
            return self.scope.unit
        offset = None if self._frame is None else self._frame.offset
        return None if offset is None else self.info.unit_at(offset)

    # -- names -----------------------------------------------------------------------------------

    def variables(self) -> Iterator[SourceVariable]:
        """What is in scope, the outermost block first; a name that is hidden is not among them."""
        seen: set[str] = set()
        found: list[SourceVariable] = []
        for block in reversed(self.scope.blocks if self.scope else ()):
            here = list(self._of(block, seen))
            found[:0] = here
            if block.name and block.call is not None:
                seen = set()  # an inlined function's variables hide none of its caller's
        yield from found

    def _of(self, block: Block, seen: set[str]) -> Iterator[SourceVariable]:
        for entry in block.variables:
            try:
                named = self.info.declared(entry, At.NAME)
            except DecodeError:
                continue
            if not named.name or named.name in seen:
                continue
            seen.add(named.name)
            function = self._function_of(block)
            yield self._variable(entry, named.name, function)

    def _function_of(self, block: Block) -> str:
        """The inlined function that a block is in; empty for the function itself."""
        assert self.scope is not None
        name = ""
        for each in self.scope.blocks:
            name = each.name if each.call is not None else name
            if each is block:
                return name
        return name

    def _variable(self, entry: Entry, name: str, function: str) -> SourceVariable:
        type_: Type | None = None
        try:
            type_ = self.info.types.of(self.info.declared(entry, At.TYPE))
            value: Value | UserError = self.value_of(entry)
        except UserError as error:
            value = error
        except DecodeError as error:
            value = UserError(f"its description is damaged: {error.what}")
        return SourceVariable(name, type_, value, entry.tag == Tag.FORMAL_PARAMETER, function)

    def lookup(self, name: str) -> Value | None:
        """A variable's value: the innermost of that name, else a global. Raises UserError for one that is gone."""
        for block in reversed(self.scope.blocks if self.scope else ()):
            for entry in reversed(block.variables):
                if self.info.declared(entry, At.NAME).name == name:
                    return self.value_of(entry)
        found = self.info.find(name, Kind.VARIABLE, self.unit)
        return None if found is None else self.value_of(found)

    def names(self) -> list[str]:
        """Names of all variables in scope."""
        found: list[str] = []
        for block in self.scope.blocks if self.scope else ():
            for entry in block.variables:
                try:
                    found.append(self.info.declared(entry, At.NAME).name)
                except DecodeError:
                    continue
        return [name for name in dict.fromkeys(found) if name]

    def type_named(self, name: str) -> Type | None:
        """A type by the name that the source gives it. Raises UserError."""
        for word in ("const ", "volatile ", "struct ", "class ", "union ", "enum "):
            name = name.removeprefix(word)
        found = next((e for each in _spellings(name) if (e := self.info.find(each, Kind.TYPE, self.unit))), None)
        return None if found is None else self.info.types.named(found)

    # -- values ----------------------------------------------------------------------------------

    def value_of(self, entry: Entry) -> Value:
        """What a variable is. Raises UserError when that is not known, and says why."""
        try:
            type_ = self.info.types.of(self.info.declared(entry, At.TYPE))
            if type_ is None:
                raise UserError("it has no type")
            return self._placed(type_, self._pieces(entry))
        except DecodeError as error:
            raise UserError(f"its description is damaged: {error.what}") from None

    def _pieces(self, entry: Entry) -> tuple[Piece, ...]:
        holder = self.info.declared(entry, At.LOCATION)
        found = holder.attributes.get(At.LOCATION)
        if found is None:
            constant = self.info.declared(entry, At.CONST_VALUE).attributes.get(At.CONST_VALUE)
            return (Piece(_constant(constant), 0),)
        return locate(self._expression(holder.unit, found), self, holder.unit.address_size)

    def _expression(self, unit: Unit, found: Attribute) -> bytes:
        """The location expression that holds here. Raises UserError when there is none."""
        if found.form in _EXPRESSIONS:
            assert isinstance(found.value, bytes)
            return found.value
        ranges: list[tuple[int, int]] = []
        fallback: bytes | None = None
        for item in locations_of(unit, found):
            if item.end == -1:
                fallback = item.expression
            elif item.start <= self._address < item.end:
                return item.expression
            else:
                ranges.append((item.start, item.end))
        if fallback is not None:
            return fallback
        raise UserError(f"{_OPTIMISED} here: {self._elsewhere(ranges)}")

    def _elsewhere(self, ranges: list[tuple[int, int]]) -> str:
        """Where a variable that is gone here has a place."""
        if not ranges:
            return "the compiler kept it nowhere in this function"
        after = [start for start, _ in ranges if start > self._address]
        before = [end for start, end in ranges if end <= self._address]
        if not before and after:
            return f"it has no value before {min(after) + self.info.start:#x}"
        if before and not after:
            return f"its last use was before {max(before) + self.info.start:#x}"
        gap = max(before, default=0) + self.info.start, min(after, default=0) + self.info.start
        return f"it has a place before {gap[0]:#x} and from {gap[1]:#x} on"

    def _placed(self, type_: Type, pieces: tuple[Piece, ...]) -> Value:
        size = size_of(type_)
        if len(pieces) == 1:
            where = pieces[0].where
            if isinstance(where, Gone):
                raise UserError(f"{_OPTIMISED}: {where.why}")
            if isinstance(where, Place) and where.kind == "memory":
                return replace(self.memory.load(type_, self.memory.native(where.at)), guest=True)
        stored = tuple(self._stored(p.where, p.size or size) for p in pieces)
        label = ""
        if len(pieces) == 1 and isinstance(place := pieces[0].where, Place):
            label = f"{place.kind}[{place.at}]"
        return of_bytes(type_, stored, self.memory, label)

    def _stored(self, where: Where, size: int) -> Stored:
        match where:
            case Gone(why):
                return Stored(size, why=why)
            case Known(data):
                return Stored(size, data=data[:size].ljust(size, b"\0"))
            case Place("memory", at):
                return Stored(size, self.memory.native(at))
            case place:
                addr, data = self._slot(place)
                return Stored(size, addr, data[:size].ljust(size, b"\0"), slot=True)

    # -- what location expressions read (dwarf.location.Registers) -----------------------------------

    def value(self, place: Place) -> int:
        return int.from_bytes(self._slot(place)[1], "little")

    def _slot(self, place: Place) -> tuple[Addr, bytes]:
        """Where a local, global or operand lies, and its bytes. Raises UserError."""
        if place.kind == "global":
            if place.at >= len(self._instance.globals):
                raise UserError(f"it is said to be in global {place.at}, which is not there")
            extern = self._instance.globals[place.at]
            return extern.storage, read_global(self._inspect.machine, extern).to_bytes(16, "little")
        if self._frame is None or self._frame.instance is None:
            raise UserError("no call is under way")
        read = self._inspect.locals if place.kind == "local" else self._inspect.operands
        found = read(self._frame)
        if place.at >= len(found):
            raise UserError(f"{_OPTIMISED} here: it is said to be in {place.kind} {place.at}, which is not there")
        variable = found[place.at]
        return variable.addr, variable.slot.to_bytes(slots(variable.type) * SLOT_BYTES, "little")

    def load(self, address: int, size: int) -> int:
        return int.from_bytes(self.memory.read(self.memory.native(address & 0xFFFF_FFFF), size), "little")

    def frame_base(self) -> int:
        if self.scope is None:
            raise UserError("no call is under way")
        found = self.scope.entry.attributes.get(At.FRAME_BASE)
        if found is None or not isinstance(found.value, bytes):
            raise UserError("its function says nothing of its stack frame")
        if found.value[:1] in (b"\x91", b"\x9c"):
            raise UserError("its function describes its stack frame by itself")
        (piece, *_) = locate(found.value, self, self.scope.unit.address_size)
        match piece.where:
            case Known(data):
                return int.from_bytes(data, "little")
            case Place("memory", at):
                return at
            case Place() as place:
                return self.value(place)
            case Gone(why):
                raise UserError(f"{_OPTIMISED}: {why}")

    def indexed_address(self, index: int) -> int | None:
        return None if self.scope is None else self.scope.unit.address(index)


def _constant(found: Attribute | None) -> Where:
    if found is None:
        return Gone("the compiler kept it nowhere in this function")
    if isinstance(found.value, bytes):
        return Known(found.value)
    return Known((found.value & (1 << 128) - 1).to_bytes(16, "little"))


def _spellings(name: str) -> tuple[str, ...]:
    """A type's name as compilers may write it."""
    other = {
        "unsigned": "unsigned int", "long": "long int", "unsigned long": "long unsigned int",
        "short": "short int", "unsigned short": "short unsigned int", "long long": "long long int",
        "unsigned long long": "long long unsigned int",
    }  # fmt: skip
    back = {v: k for k, v in other.items()}
    return tuple(n for n in (name, other.get(name, ""), back.get(name, "")) if n)
