"""Evaluation. Every read goes through the machine's memory as it is now; only `assign` writes, through poke."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from debugger.dwarf.info import DebugInfo, said_elsewhere
from debugger.expression.arithmetic import binary, boolean, convert, literal, unary
from debugger.expression.errors import ExpressionError, shortened
from debugger.expression.memory import TypedMemory
from debugger.expression.parser import parse
from debugger.expression.scope import Scope
from debugger.expression.tree import (
    At,
    Binary,
    Cast,
    Choice,
    Index,
    Member,
    Name,
    Node,
    Number,
    Slice,
    Text,
    TypeName,
    Unary,
)
from debugger.expression.types import (
    F64_TYPE,
    FUNCREF_TYPE,
    I32_TYPE,
    LANES,
    SOURCE_POINTER_BYTES,
    STRING,
    U8_TYPE,
    U64_TYPE,
    VECTOR_TYPE,
    WORDS,
    Array,
    Composite,
    Group,
    Pointer,
    Record,
    Reference,
    Scalar,
    Type,
    size_of,
)
from debugger.expression.value import FORMATS, Value, text_value
from debugger.inspect import Frame, Inspector
from debugger.source.objects import Object
from debugger.source.pretty import summary
from debugger.source.variables import SourceFrame
from debugger.values import parse_value
from vm.errors import MemoryFault, UserError
from vm.instance import Instance
from vm.layout import StructView
from vm.machine import Machine
from vm.poke import poke, poke_slot
from vm.types import Addr, NumType

_BRACES = re.compile(r"\{\{|\}\}|\{((?:\"(?:[^\"\\]|\\.)*\"|[^{}\"])*)\}")
_SHAPED = re.compile(r"\s*[if](8|16|32|64)x\d+\s")  # a v128 by its lanes
_FORMAT = re.compile(rf"^(.*[^\s:]):([{FORMATS}])$", re.DOTALL)


@lru_cache(maxsize=256)
def _parsed(text: str) -> Node:
    return parse(text)


class Evaluator:
    """Expressions in a frame (None: no call is under way) of a machine; `main` is the instance without a frame."""

    def __init__(
        self, machine: Machine, inspect: Inspector, main: Instance, frame: Frame | None, info: DebugInfo | None = None
    ) -> None:
        instance = frame.instance if frame is not None and frame.instance is not None else main
        self.machine = machine
        self._memory = TypedMemory(machine, inspect, instance)
        self.source = None if info is None else SourceFrame(info, inspect, instance, frame, self._memory)
        self._scope = Scope(self._memory, frame, self.source)

    def check(self, text: str) -> None:
        """Parses only. Raises ExpressionError."""
        _parsed(text)

    def evaluate(self, text: str) -> Value:
        """The value of an expression. Raises ExpressionError."""
        return self._value(_parsed(text))

    def value_of(self, node: Node) -> Value:
        """The value of a part of an expression. Raises ExpressionError."""
        return self._value(node)

    def truth(self, text: str) -> bool:
        """Whether an expression is true: a number, pointer or text that is not zero or empty."""
        node = _parsed(text)
        value = self._value(node)
        try:
            return value.truth
        except UserError as error:
            raise _placed(error, node.column) from None

    def show(self, text: str, fmt: str = "") -> str:
        """The value as text, by one of gdb's letters when given. `s` follows an address to its string."""
        node = _parsed(text)
        value = self._value(node)
        try:
            return self._formatted(value, fmt)
        except (UserError, MemoryFault) as error:
            raise _placed(error, node.column) from None

    def fill(self, text: str) -> str:
        """Log text with `{expr}` and `{expr:x}` replaced; `{{` and `}}` stand for braces."""
        return _BRACES.sub(self._filled, text)

    def assign(self, target: str, value: str) -> str:
        """Writes a value where the target lies; answers what changed. Raises UserError and writes nothing."""
        node = _parsed(target)
        old = self._value(node)
        new = _vector(value) if _SHAPED.match(value) else self.evaluate(value)
        if old.addr is None:
            raise ExpressionError(f"{target.strip()} has no place to be written to", node.column)
        try:
            self._store(old, new)
        except MemoryFault as fault:
            raise _placed(fault, node.column) from None
        now = self._value(node)
        name = target.strip() if old.guest else old.label or target.strip()
        return f"{name}: {old.text} → {now.text}"

    # -- text ------------------------------------------------------------------------------------

    def _filled(self, m: re.Match[str]) -> str:
        if m[0] in ("{{", "}}"):
            return m[0][0]
        try:
            return self._show_field(m[1])
        except UserError as error:
            return f"<{error}>"

    def _show_field(self, field: str) -> str:
        formatted = _FORMAT.match(field)
        if formatted is not None:
            try:
                self.check(formatted[1])
            except ExpressionError:
                return self.show(field)
            return self.show(formatted[1], formatted[2])
        return self.show(field)

    def _formatted(self, value: Value, fmt: str) -> str:
        if not fmt:
            return value.text
        if fmt == "s" and isinstance(value.value, int):
            return self._memory.load(STRING, self._memory.native(value.value)).text
        if fmt == "a" and isinstance(value.value, int) and not value.note:
            addr = self._memory.native(value.integer)
            return f"{value.bits:#x} → {self._memory.inspect.describe_address(addr) or 'null'}"
        return value.format(fmt)

    # -- writing ---------------------------------------------------------------------------------

    def _store(self, target: Value, new: Value) -> None:
        assert target.addr is not None
        data = self._encoded(target, new)
        if target.label.startswith(("local", "stack", "operand")):
            if target.guest and len(data) < 4 and isinstance(target.type, Scalar):
                data = convert(convert(new, target.type), I32_TYPE).bits.to_bytes(4, "little")
            poke_slot(self.machine, target.addr, data)
        else:
            poke(self.machine, target.addr, data)

    def _encoded(self, target: Value, new: Value) -> bytes:
        """The bytes to write so that the target has the new value."""
        match target.type:
            case Scalar() as type_:
                return convert(new, type_).bits.to_bytes(type_.size, "little")
            case Reference() as type_:
                return self._reference(type_, new)
            case Pointer() as type_:
                if new.integer >> 8 * type_.size:
                    raise UserError(f"{new.integer:#x} is no address of {type_.size} bytes")
                return new.integer.to_bytes(type_.size, "little")
            case Array(element=Scalar(character=True, size=1), count=count) if isinstance(new.value, str):
                return _bytes_of(text_value(new.value + "\0" * (count - len(new.value.encode()))), count)
            case Array(element, count) if element == U8_TYPE:
                return _bytes_of(new, count)
            case other:
                raise UserError(f"a {other} cannot be set as a whole", "set one of its fields")

    def _reference(self, type_: Reference, new: Value) -> bytes:
        word = new.integer
        if not word and new.note:
            raise UserError(f"refused: {new.note}", "only functions that are exported or put in tables have one")
        if type_.in_table:
            word = self.machine.layouts.era.funcref.encode(word)
        if word >= 1 << type_.size * 8:
            raise UserError(f"{word:#x} is no {type_.name}")
        return word.to_bytes(type_.size, "little")

    # -- evaluation ------------------------------------------------------------------------------

    def _value(self, node: Node) -> Value:
        try:
            return self._evaluated(node)
        except ExpressionError:
            raise
        except (UserError, MemoryFault) as error:
            raise _placed(error, node.column) from None

    def _evaluated(self, node: Node) -> Value:
        match node:
            case Number(_, value):
                return literal(value) if isinstance(value, int) else Value(F64_TYPE, value)
            case Text(_, text):
                return text_value(text)
            case Name():
                return self._name(node)
            case Member():
                return self._member(self._value(node.target), node)
            case Index():
                return self._element(self._value(node.target), self._value(node.index))
            case Slice():
                start, size = self._value(node.start).integer, self._value(node.size).integer
                return self._slice(self._value(node.target), start, size)
            case Unary(_, op, operand):
                return self._unary(op, self._value(operand))
            case Binary():
                return self._binary(node)
            case Choice():
                return self._value(node.yes if self._value(node.condition).truth else node.no)
            case Cast(_, type_, operand):
                return self._cast(self._type(type_), self._decayed(self._value(operand)))
            case At(_, type_, address):
                return self._at(type_, self._value(address))

    def _name(self, node: Name) -> Value:
        found = self._scope.lookup(node.name)
        if found is None:
            known = self._scope.known()
            hint = self._elsewhere() or (f"known: {', '.join(known[:10])}" if known else "")
            raise ExpressionError(f"unknown name {shortened(node.name)!r}", node.column, hint)
        return found

    def _elsewhere(self) -> str:
        """Where variables were put, when that is another file."""
        frame = self._scope.frame
        info = None if self.source is None else self.source.info
        return said_elsewhere(self._memory.instance.module, info, None if frame is None else frame.offset)

    def _binary(self, node: Binary) -> Value:
        left = self._value(node.left)
        if node.op == "and":
            return boolean(left.truth and self._value(node.right).truth)
        if node.op == "or":
            return boolean(left.truth or self._value(node.right).truth)
        return binary(node.op, self._decayed(left), self._decayed(self._value(node.right)))

    def _decayed(self, value: Value) -> Value:
        """An array of the program's source as the address of its first element, where a number is needed."""
        memories = self._memory.instance.memories
        if not isinstance(value.type, Array) or not value.guest or value.addr is None or not memories:
            return value
        at = value.addr - memories[0].region.base
        type_ = Pointer(value.type.element, size=SOURCE_POINTER_BYTES)
        return Value(type_, at, guest=True) if 0 <= at < memories[0].region.size else value

    def _unary(self, op: str, operand: Value) -> Value:
        if op == "*":
            operand = self._decayed(operand)
        match op:
            case "not":
                return boolean(not operand.truth)
            case "*":
                return self._pointed(operand)
            case "&":
                if operand.addr is None:
                    raise UserError("only what lies in memory has an address")
                note = self._memory.inspect.describe_address(operand.addr)
                memories = self._memory.instance.memories
                if operand.guest and memories and memories[0].region.base <= operand.addr < memories[0].region.end:
                    at = operand.addr - memories[0].region.base
                    return Value(Pointer(operand.type, size=SOURCE_POINTER_BYTES), at, guest=True)
                return Value(Pointer(operand.type, native=True), operand.addr, note=note)
            case _:
                return unary(op, operand)

    def _pointed(self, value: Value) -> Value:
        if value.type == FUNCREF_TYPE:
            return self._func_ref(value)
        if not isinstance(value.type, Pointer):
            raise UserError(f"a {value.type} is no pointer", "say what it points to, as in *(u32*)p or u32@p")
        if value.type.target is None or isinstance(value.type.target, Group):
            raise UserError("what it points to has no type here", "cast it, as in *(u64*)p")
        found = self._memory.load(value.type.target, self._memory.pointed(value.type, value.integer))
        return replace(found, guest=value.type.size == SOURCE_POINTER_BYTES or found.guest)

    def _member(self, target: Value, node: Member) -> Value:
        target = self._decayed(target)
        match target.value:
            case StructView() as view:
                return self._memory.member(view, node.name)
            case int() if isinstance(target.type, Pointer):
                return self._member(self._pointed(target), node)
            case int() if isinstance(target.type, Reference) and target.type.name == FUNCREF_TYPE.name:
                if node.name == "func":
                    return text_value(target.note or "null")
                return self._member(self._func_ref(target), node)
            case int() if isinstance(target.type, Reference):
                return self._memory.field(target, node.name)
            case bytes() if target.type == VECTOR_TYPE:
                return self._lanes(target, node.name)
            case int() | float() | str() | bytes():
                raise UserError(f"a {target.type} has no members")
            case group:
                return group.member(node.name)

    def _lanes(self, vector: Value, shape: str) -> Value:
        """A v128 as lanes: `$v.f32x4`."""
        if shape not in LANES:
            raise UserError(f"{shape!r} is no shape of a v128", f"one of {', '.join(LANES)}")
        lane = LANES[shape]
        return Value(Array(lane, size_of(vector.type) // lane.size), vector.value, vector.addr, label=vector.label)

    def _func_ref(self, value: Value) -> Value:
        if not value.integer:
            raise UserError(
                f"the element is {value.note}" if value.note else "the funcref is null", "there is no record"
            )
        return self._memory.record("VMFuncRef", Addr(value.integer))

    def _element(self, target: Value, index: Value) -> Value:
        if isinstance(target.value, Object):
            return self._source_element(target.value, index)
        return self._index(target, index.integer)

    def _index(self, target: Value, index: int) -> Value:
        if isinstance(target.type, Group):
            assert not isinstance(target.value, int | float | str | bytes | StructView)
            return target.value.index(index)
        if isinstance(target.type, Pointer):
            element = target.type.target
            if element is None or isinstance(element, Group):
                raise UserError("what it points to has no type here", "cast it, as in ((u32*)p)[1]")
            start = self._memory.pointed(target.type, target.integer)
            found = self._memory.load(element, Addr(start + index * self._stride(element)))
            return replace(found, guest=target.type.size == SOURCE_POINTER_BYTES or found.guest)
        if isinstance(target.type, Array):
            return self._array_element(target, target.type, index)
        if isinstance(target.type, Reference) and target.type.name != FUNCREF_TYPE.name:
            return self._memory.object_element(target, index)
        raise UserError(f"a {target.type} has no elements")

    def _source_element(self, target: Object, index: Value) -> Value:
        """An element of an array, of a vector or a slice by its number, of a map by its key."""
        found = summary(target, lambda value: value.text)
        return target.index(index.integer) if found is None or found.element is None else found.find(target, index)

    def _array_element(self, target: Value, array: Array, index: int) -> Value:
        if not 0 <= index < array.count:
            raise UserError(f"there is no element {index}", f"it has {array.count}")
        if target.addr is None:
            raise UserError("its elements lie nowhere")
        found = self._memory.load(array.element, Addr(target.addr + index * self._stride(array.element)))
        return replace(found, guest=target.guest or found.guest)

    def _stride(self, type_: Type) -> int:
        return self.machine.layouts.struct(type_.name).size if isinstance(type_, Record) else max(size_of(type_), 1)

    def _slice(self, target: Value, start: int, size: int) -> Value:
        if isinstance(target.type, Group):
            assert not isinstance(target.value, int | float | str | bytes | StructView)
            return target.value.slice(start, size)
        if isinstance(target.type, Array) and target.addr is not None:
            if start < 0 or size < 0 or start + size > target.type.count:
                raise UserError(f"{size} elements from {start} are not there", f"it has {target.type.count}")
            return self._array(target.type.element, Addr(target.addr + start * self._stride(target.type.element)), size)
        if isinstance(target.type, Pointer) and target.type.target is not None:
            at = self._memory.pointed(target.type, target.integer) + start * self._stride(target.type.target)
            return self._array(target.type.target, Addr(at), size)
        raise UserError(f"a {target.type} cannot be sliced")

    def _array(self, element: Type, addr: Addr, count: int) -> Value:
        if not isinstance(element, Scalar | Pointer | Record | Composite):
            raise UserError(f"there are no arrays of {element} here")
        if count < 0:
            raise UserError(f"{count} is no number of elements")
        return self._memory.load(Array(element, count), addr)

    # -- types -----------------------------------------------------------------------------------

    def _type(self, written: TypeName) -> Type:
        type_ = self._named_type(written)
        if written.stars and written.name == "char" and written.count is None and self.source is None:
            return STRING if written.stars == 1 else Pointer(STRING)
        size = SOURCE_POINTER_BYTES if self.source is not None and written.name not in WORDS else 8
        for _ in range(written.stars):
            type_ = Pointer(type_, size=size)
        return type_

    def _named_type(self, written: TypeName) -> Type:
        """A type of ours by its name, else one of the program's source."""
        try:
            return self._memory.named(written.name)
        except UserError as error:
            found = None if self.source is None else self.source.type_named(written.name)
            if found is None:
                raise _placed(error, written.column) from None
            return found

    def _cast(self, type_: Type, value: Value) -> Value:
        match type_:
            case Pointer(target):
                return self._as_pointer(type_, value) if target is not None else value
            case Reference():
                return self._memory_func_ref(value)
            case Scalar():
                return convert(value, type_)
            case _ if type_ == STRING:
                return self._memory.load(STRING, self._memory.native(value.integer))
            case other:
                raise UserError(f"nothing can be made a {other}", f"read one with {other}@address")

    def _as_pointer(self, type_: Pointer, value: Value) -> Value:
        guest = type_.size == SOURCE_POINTER_BYTES
        bits = value.bits & (1 << 8 * type_.size) - 1 if guest else value.bits
        note = self._memory.note(type_, bits.to_bytes(type_.size, "little")) if guest else ""
        return Value(type_, bits, note=note, guest=guest)

    def _memory_func_ref(self, value: Value) -> Value:
        addr = value.integer
        note = self._memory.inspect.describe_func_ref(Addr(addr)) if addr else ""
        return Value(FUNCREF_TYPE, addr, None, note)

    def _at(self, written: TypeName, address: Value) -> Value:
        type_ = self._type(written)
        addr = self._memory.native(address.bits if isinstance(address.type, Scalar) else address.integer)
        if written.count is not None:
            return self._array(type_, addr, written.count)
        if type_ == U64_TYPE and address.type == STRING:
            raise UserError("text is no address")
        return self._memory.load(type_, addr)


def _vector(text: str) -> Value:
    """`f32x4 1 2 3 4`. Raises UserError."""
    return Value(VECTOR_TYPE, parse_value(text.strip(), NumType.V128).to_bytes(16, "little"))


def _bytes_of(value: Value, count: int) -> bytes:
    """`count` bytes from text, bytes or a number. Raises UserError when they do not fit."""
    match value.value:
        case str(text):
            data = text.encode()
        case bytes(raw):
            data = raw
        case _:
            data = value.bits.to_bytes(max(size_of(value.type), count), "little")
            if any(data[count:]):
                raise UserError(f"{value.text} does not fit {count} bytes")
            data = data[:count]
    if len(data) != count:
        raise UserError(f"{len(data)} bytes are given for {count}")
    return data


def _placed(error: UserError | MemoryFault, column: int) -> ExpressionError:
    if isinstance(error, ExpressionError):
        return error
    if isinstance(error, UserError):
        return ExpressionError(error.text, column, error.hint)
    return ExpressionError(str(error), column)
