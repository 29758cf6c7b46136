"""Words from instructions: what each row becomes when it stands alone, its operands on the operand stack."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from vm.gc_layout import Part
from vm.globals import global_width, is_heap_reference
from vm.libcalls.memory import memory_copy, memory_fill
from vm.libcalls.tables import ref_func
from vm.memory import CARD_BYTES
from vm.native.emit.atomic import HANDLERS as ATOMIC
from vm.native.emit.memory import HANDLERS as MEMORY
from vm.native.emit.numeric import VALUES
from vm.native.emit.vector import VALUES as VECTOR_VALUES
from vm.native.emit.vector_memory import ACCESSES as VECTOR_ACCESSES
from vm.native.emit.vector_memory import LANES as VECTOR_LANES
from vm.native.emit.wide import HANDLERS as WIDE
from vm.native.scope import RUNTIME, At, Place, Scope, Word, cards_of
from vm.ops.table import OPS
from vm.types import SLOT_BYTES, FuncType, NumType, ValType, slots, total_slots

_U64 = (1 << 64) - 1

Maker = Callable[[At], Word]


def _numeric(at: At) -> Word:
    count = 2 if " " in at.instr.op.sig.partition("->")[0].strip() else 1
    first = at.push - count
    return Word(at.instr.op.name, first, first, first + 1)


def _constant(at: At) -> Word:
    return Word("const", at.push, imm=at.imm())


def _constant_wide(at: At) -> Word:
    return Word("const.wide", at.push, imm=at.imm() & _U64, pair=at.imm() >> 64)


def _local(at: At) -> tuple[int, str, int]:
    """A local's slot, the handler that copies it, and its width."""
    facts, local = at.scope.facts, at.imm()
    width = slots(facts.local_types[local])
    return facts.local_slots[local], "copy" if width == 1 else "copy.wide", width


def _local_get(at: At) -> Word:
    slot, handler, _ = _local(at)
    return Word(handler, at.push, slot)


def _local_set(at: At) -> Word:
    slot, handler, width = _local(at)
    return Word(handler, slot, at.push - width)


def _is_near(at: At) -> bool:
    memory = at.scope.instance.memories[at.imm()]
    return at.imm(0) == 0 and memory.type.addr is NumType.I32


def _access(at: At) -> tuple[str, int]:
    """The handler of a load or store, and its immediate."""
    name = at.instr.op.name
    if _is_near(at):
        return name, at.imm(1)
    return name + ".far", at.scope.keep(at.scope.far(at.scope.instance.memories[at.imm()], at.imm(1)))


def _load(at: At) -> Word:
    handler, imm = _access(at)
    return Word(handler, at.push - 1, at.push - 1, imm=imm)


def _store(at: At) -> Word:
    handler, imm = _access(at)
    return Word(handler, 0, at.push - 2, at.push - 1, imm)


def _vector(at: At) -> Word:
    """One to three operands, and perhaps lanes."""
    params = at.instr.op.sig.partition("->")[0].split()
    slot, places = at.push, list[int]()
    for param in reversed(params):
        slot -= 2 if param == "v128" else 1
        places.insert(0, slot)
    imm = places[2] * SLOT_BYTES if len(places) == 3 else 0
    if at.instr.op.name == "i8x16.shuffle":
        imm = at.scope.keep(bytes(at.imm(i) for i in range(16)))
    elif at.instr.imm:
        imm = at.imm()
    return Word(at.instr.op.name, slot, places[0], places[1] if len(places) > 1 else 0, imm)


def _vector_store(at: At) -> Word:
    handler, imm = _access(at)
    return Word(handler, 0, at.push - 3, at.push - 2, imm)


def _lane(at: At) -> Word:
    """Loads or stores one lane of a vector on top of an address."""
    scope = at.scope
    record = scope.far(scope.instance.memories[at.imm()], at.imm(1)) + at.imm(2).to_bytes(8, "little")
    return Word(at.instr.op.name, at.push - 3, at.push - 3, at.push - 2, scope.keep(record))


def _memory_size(at: At) -> Word:
    memory = at.scope.instance.memories[at.imm()]
    record = at.scope.keep(at.scope.far(memory))
    return Word("memory.size", at.push, imm=record, pair=memory.type.page_log2)


def _memory_fill(at: At) -> Word:
    record = at.scope.far(at.scope.instance.memories[at.imm()]) + at.scope.entry(memory_fill)
    return Word("memory.fill", at.push - 3, at.push - 2, at.push - 1, at.scope.keep(record))


def _memory_copy(at: At) -> Word:
    to, frm = (at.scope.far(at.scope.instance.memories[at.imm(i)]) for i in (0, 1))
    record = to + frm + at.scope.entry(memory_copy)
    return Word("memory.copy", at.push - 3, at.push - 2, at.push - 1, at.scope.keep(record))


def _by_address(at: At, type_: ValType) -> bool:
    """Whether a value stands in tables and globals as an address that frames do not hold: the runtime converts it."""
    return at.scope.machine.gc.by_address and is_heap_reference(type_)


def _global(at: At) -> tuple[str, int]:
    """The type that a global is moved as, and where its value lies."""
    extern = at.scope.instance.globals[at.imm()]
    return {4: "i32", 8: "i64", 16: "v128"}[global_width(at.scope.machine, extern.type)], extern.storage


def _global_get(at: At) -> Word:
    if _by_address(at, at.scope.instance.globals[at.imm()].type.value):
        return RUNTIME
    type_, storage = _global(at)
    return Word(f"global.get.{type_}", at.push, imm=storage)


def _global_set(at: At) -> Word:
    if _by_address(at, at.scope.instance.globals[at.imm()].type.value):
        return RUNTIME
    type_, storage = _global(at)
    region, offset = at.scope.machine.space.locate(storage, 1)
    card = cards_of(region) + offset // CARD_BYTES
    return Word(f"global.set.{type_}", at.push - (2 if type_ == "v128" else 1), imm=storage, pair=card)


def _nothing(at: At) -> Word:
    return Word("nothing")


def _select(at: At) -> Word:
    operands = at.instr.operands
    assert operands is not None and operands.below is not None and operands.below.type is not None
    width, condition = slots(operands.below.type), at.push - 1
    first, second = condition - 2 * width, condition - width
    return Word("select" if width == 1 else "select.wide", first, first, second, condition * SLOT_BYTES)


def _is_null(at: At) -> Word:
    return Word("ref.is_null", at.push - 1, at.push - 1)


def _br(at: At) -> Word:
    branch, scope = at.instr.branches[0], at.scope
    carried = scope.facts.carried(at.instr, branch, 0)
    if carried is None:
        return Word("br", to=branch.target)
    frm, to, count = carried
    if count == 1:
        return Word("br.one", to, frm, to=branch.target)
    return Word("br.moving", record=lambda place: scope.way(at.instr, branch, 0, place))


def _br_if(at: At) -> Word:
    branch, scope = at.instr.branches[0], at.scope
    fork = (branch.target, at.number + 1)
    if scope.facts.carried(at.instr, branch, 1) is None:
        return Word("if", at.push - 1, fork=fork)
    return Word("if.moving", at.push - 1, fork=fork, record=lambda place: scope.way(at.instr, branch, 1, place))


def _if(at: At) -> Word:
    return Word("if", at.push - 1, fork=(at.number + 1, at.instr.branches[0].target))


def _br_table(at: At) -> Word:
    scope, ways = at.scope, at.instr.branches
    moving = any(scope.facts.carried(at.instr, b, 1) is not None for b in ways)

    def record(place: Place) -> bytes:
        return (len(ways) - 1).to_bytes(8, "little") + b"".join(scope.way(at.instr, b, 1, place) for b in ways)

    return Word("br_table.moving" if moving else "br_table", at.push - 1, record=record)


def _return(at: At) -> Word:
    count = at.scope.facts.result_slots
    frm = at.push - count
    if count < 2:
        return Word(("return.none", "return.one")[count], 0, frm)
    return Word("return.many", 0, frm, imm=count * SLOT_BYTES)


def _shift(at: At, type_: FuncType, popped: int) -> int:
    """How many slots the callee's frame lies above this one's: its parameters are the operands."""
    return at.push - popped - total_slots(type_.params)


def _call(at: At) -> Word:
    scope, func = at.scope, at.imm()
    if scope.instance.is_imported(func):
        return RUNTIME
    shift = _shift(at, scope.instance.module.func_type(func), 0)
    return Word("call", shift, imm=scope.record_of(func), pair=at.number + 1)


def _return_call(at: At) -> Word:
    scope, func = at.scope, at.imm()
    if scope.instance.is_imported(func):
        return RUNTIME
    type_ = scope.instance.module.func_type(func)
    return Word("return_call", _shift(at, type_, 0), total_slots(type_.params), imm=scope.record_of(func))


def _type_id_address(scope: Scope, type_index: int) -> int:
    """Where the engine-wide id of one of the module's types stands."""
    layouts = scope.machine.layouts
    path = layouts.era.paths["type_ids"]
    ids = layouts.follow(scope.machine.space, path, scope.instance.addr, 0, scope.instance.shape.counts)
    return ids + 4 * type_index


def _indirect(at: At) -> int:
    table = at.scope.instance.tables[at.imm(1)]
    return at.scope.table(table, _type_id_address(at.scope, at.imm(0)))


def _call_indirect(at: At) -> Word:
    shift = _shift(at, at.scope.instance.module.signature(at.imm(0)), 1)
    return _through(at, Word("call_indirect", shift, imm=_indirect(at)))


def _call_ref(at: At) -> Word:
    return _through(at, Word("call_ref", _shift(at, at.scope.instance.module.signature(at.imm(0)), 1)))


def _through(at: At, word: Word) -> Word:
    """What calls the function in the operand on top: `a` is an index of an instruction, not a slot."""
    return word._replace(pair=(at.number + 1) | (at.push - 1) * SLOT_BYTES << 32)


def _tail(at: At, name: str, imm: int) -> Word:
    type_ = at.scope.instance.module.signature(at.imm(0))
    return Word(name, _shift(at, type_, 1), total_slots(type_.params), at.push - 1, imm)


def _return_call_indirect(at: At) -> Word:
    return _tail(at, "return_call_indirect", _indirect(at))


def _return_call_ref(at: At) -> Word:
    return _tail(at, "return_call_ref", 0)


def _wide(at: At) -> Word:
    first = at.push - len(at.instr.op.sig.partition("->")[0].split())
    return Word(at.instr.op.name, first, first)


def _atomic(at: At) -> Word:
    """[address], or below one or two operands."""
    first = at.push - len(at.instr.op.sig.partition("->")[0].split())
    record = at.scope.far(at.scope.instance.memories[at.imm()], at.imm(1))
    return Word(at.instr.op.name, first, first, first + 1, at.scope.keep(record))


def _table(at: At) -> tuple[str, int]:
    """The end of a table instruction's handler, and its record."""
    table = at.scope.instance.tables[at.imm()]
    return ".func" if table.is_func else "", at.scope.table(table, cards_of(table.region))


def _table_get(at: At) -> Word:
    if _by_address(at, at.scope.instance.tables[at.imm()].type.elem):
        return RUNTIME
    end, record = _table(at)
    return Word("table.get" + end, at.push - 1, at.push - 1, imm=record)


def _table_set(at: At) -> Word:
    if _by_address(at, at.scope.instance.tables[at.imm()].type.elem):
        return RUNTIME
    end, record = _table(at)
    return Word("table.set" + end, 0, at.push - 2, at.push - 1, record)


def _table_size(at: At) -> Word:
    return Word("table.size", at.push, imm=_table(at)[1])


def _ref_func(at: At) -> Word:
    where = at.scope.instance.func_ref_at(at.imm())
    if where is None:
        return RUNTIME
    record = at.scope.entry(ref_func) + where.to_bytes(8, "little")
    return Word("ref.func", at.push, imm=at.scope.keep(record))


def _one(at: At) -> Word:
    """An instruction that reads the operand on top and writes its result there."""
    return Word(at.instr.op.name, at.push - 1, at.push - 1)


def _two(at: At) -> Word:
    return Word(at.instr.op.name, at.push - 2, at.push - 2, at.push - 1)


def _on_null(at: At) -> Word:
    """br_on_null and br_on_non_null, when they carry nothing that would have to move."""
    null = at.instr.op.name == "br_on_null"
    branch = at.instr.branches[0]
    if at.scope.facts.carried(at.instr, branch, 1 if null else 0) is not None:
        return RUNTIME
    return Word("if.null" if null else "if.not_null", at.push - 1, fork=(branch.target, at.number + 1))


def _part(at: At) -> Part:
    """The field or element that an instruction is about."""
    heap, type_id = at.scope.machine.gc, at.scope.instance.type_ids[at.imm()]
    if at.instr.op.name.startswith("struct"):
        return heap.struct_layout(type_id).parts[at.imm(1)]
    return heap.array_layout(type_id).element


def _object_get(at: At) -> Word:
    """Funcrefs stand in the heap by their ids, which are the runtime's."""
    part, name = _part(at), at.instr.op.name
    if part.is_func:
        return RUNTIME
    first = at.push - (1 if name.startswith("struct") else 2)
    handler = f"{name.removesuffix('_u')}.{part.bytes}"
    return Word(handler, first, first, at.push - 1, part.offset)


def _object_set(at: At) -> Word:
    part, name = _part(at), at.instr.op.name
    if part.is_func:
        return RUNTIME
    value = at.push - (2 if part.bytes == 16 else 1)
    first = value - (1 if name.startswith("struct") else 2)
    return Word(f"{name}.{part.bytes}", value, first, value - 1, part.offset)


def _runtime(at: At) -> Word:
    return RUNTIME


def _makers() -> Mapping[str, Maker]:
    made: dict[str, Maker] = dict.fromkeys((op.name for op in OPS), _runtime)
    made |= dict.fromkeys(VALUES, _numeric)
    made |= {f"{t}.const": _constant for t in ("i32", "i64", "f32", "f64")}
    made |= dict.fromkeys(VECTOR_VALUES, _vector) | dict.fromkeys(VECTOR_LANES, _lane)
    made |= {n: _load for n in VECTOR_ACCESSES if "load" in n and "." not in n[5:]}
    accesses = [n for n in MEMORY if "." in n and not n.endswith((".far", ".const", ".indexed"))]
    made |= {n: _load for n in accesses if "load" in n} | {n: _store for n in accesses if "store" in n}
    return MappingProxyType({
        **made,
        "v128.const": _constant_wide, "v128.store": _vector_store,
        "local.get": _local_get, "local.set": _local_set, "local.tee": _local_set,
        "global.get": _global_get, "global.set": _global_set,
        "memory.size": _memory_size, "memory.fill": _memory_fill, "memory.copy": _memory_copy,
        "drop": _nothing, "atomic.fence": _nothing, "select": _select, "select_t": _select,
        "ref.null": lambda at: Word("const", at.push), "ref.is_null": _is_null,
        **dict.fromkeys(WIDE, _wide), **dict.fromkeys(ATOMIC, _atomic),
        "table.get": _table_get, "table.set": _table_set, "table.size": _table_size,
        "ref.func": _ref_func, "ref.eq": _two, **dict.fromkeys(
            ("ref.as_non_null", "ref.i31", "i31.get_s", "i31.get_u", "array.len"), _one),
        "br_on_null": _on_null, "br_on_non_null": _on_null,
        **dict.fromkeys(("struct.get", "struct.get_s", "struct.get_u", "array.get", "array.get_s", "array.get_u"),
                        _object_get), "struct.set": _object_set, "array.set": _object_set,
        "br": _br, "else": _br, "catch": _br, "catch_all": _br, "br_if": _br_if, "if": _if, "br_table": _br_table,
        "return": _return, "end": _return,
        "call": _call, "call_indirect": _call_indirect, "call_ref": _call_ref,
        "return_call": _return_call, "return_call_indirect": _return_call_indirect, "return_call_ref": _return_call_ref,
    })  # fmt: skip


MAKERS: Mapping[str, Maker] = _makers()


def word(at: At) -> Word:
    """An instruction's word; unreachable code gets one that is never run."""
    return RUNTIME if at.instr.operands is None else MAKERS[at.instr.op.name](at)


RUNTIME_ROWS = frozenset(name for name, maker in MAKERS.items() if maker is _runtime)
