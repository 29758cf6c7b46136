"""Branches, calls and returns, and what only moves slots."""

from __future__ import annotations

from collections.abc import Mapping

from vm.native.emit.numeric import VALUES, condition, is_comparison
from vm.native.ir import AT_A, AT_B, AT_D, Body, Code, straight, symbol
from vm.native.shapes import (
    AT_CODE,
    AT_FUNC,
    AT_HEADS,
    AT_NOT_TAKEN,
    AT_ROOM,
    AT_TAKEN,
    AT_TICKS,
    AT_TIMES_TAKEN,
    AT_VMCTX,
    AT_ZERO_FROM,
    AT_ZERO_TO,
    FUNC_BYTES,
    PLAIN_BYTES,
    READS,
    WRITES,
)

# Records that immediates point to. A way: where a branch leads, and which slots it carries from where to where.
# How often it was taken is counted in br_table's.
WAY_TARGET, WAY_FROM, WAY_TO, WAY_MOVED, WAY_TIMES, WAY_BYTES = 0, 8, 12, 16, 24, 32
WAYS_LAST, WAYS_FIRST = 0, 8  # br_table: number of the default, then a way each
TABLE_BASE, TABLE_LENGTH = 0, 8  # a table: addresses of the fields that say where it lies and how long it is
TABLE_CARDS = INDIRECT_TYPE = 16  # then its cards; of call_indirect, where the wanted type id stands


# -- moves -----------------------------------------------------------------------------------------


def _copy(c: Code) -> None:
    c.put("i64", c.bits(AT_A))


def _copy_both(c: Code) -> None:
    """Two slots one after another, from two places."""
    first, second = c.bits(AT_A), c.bits(AT_B)
    to = c.slot(AT_D)
    c.put_at("i64", first, to)
    c.put_at("i64", second, c.at(to, 8))


def _copy_constant(c: Code) -> None:
    value, to = c.bits(AT_A), c.slot(AT_D)
    c.put_at("i64", value, to)
    c.put_at("i64", c.imm(), c.at(to, 8))


def _copy_wide(c: Code) -> None:
    c.put("v128", c.operand("v128", AT_A))


def _constant(c: Code) -> None:
    c.put("i64", c.imm())


def _constant_wide(c: Code) -> None:
    """The low half is the immediate, the high one stands where `a` and `b` would."""
    to = c.slot(AT_D)
    c.put_at("i64", c.imm(), to)
    c.put_at("i64", c.word("i64", "%pc", AT_A), c.at(to, 8))


def _nothing(c: Code) -> None:
    pass


def _select(type_: str) -> Body:
    """[d] ← [a] when the slot that the immediate names is not 0, else [b]"""
    llvm = {"i64": "i64", "v128": "<16 x i8>"}[type_]

    def body(c: Code) -> None:
        chosen = c.let(f"icmp ne i32 {c.load('i32', c.at('%fp', c.imm()), 8)}, 0")
        x, y = c.operand(type_, AT_A), c.operand(type_, AT_B)
        c.put(type_, c.let(f"select i1 {chosen}, {llvm} {x}, {llvm} {y}"))

    return straight(body)


def _is_null(c: Code) -> None:
    c.put("i32", c.let(f"zext i1 {c.let(f'icmp eq i64 {c.bits(AT_A)}, 0')} to i32"))


_GLOBALS = {"i32": ("i32", 4), "i64": ("i64", 8), "v128": ("<16 x i8>", 16)}  # as moved, and how many bytes


def _global_get(type_: str) -> Body:
    llvm, width = _GLOBALS[type_]

    def body(c: Code) -> None:
        place = c.imm("ptr")
        c.touch(place, width, READS)
        c.put(type_, c.load(llvm, place))

    return straight(body)


def _global_set(type_: str) -> Body:
    """The immediate is where the value lies, the address at `a` its card's."""
    llvm, width = _GLOBALS[type_]

    def body(c: Code) -> None:
        place = c.imm("ptr")
        c.touch(place, width, WRITES)
        c.store(llvm, c.operand(type_, AT_D), place)
        c.store("i8", "1", c.word("ptr", "%pc", AT_A))

    return straight(body)


# -- branches --------------------------------------------------------------------------------------


def _br(c: Code) -> None:
    c.go(c.imm("ptr"))


def _move(c: Code, way: str) -> None:
    """Carries a way's slots."""
    to = c.at("%fp", c.widen(c.word("i32", way, WAY_TO, 4), "i32"))
    frm = c.at("%fp", c.widen(c.word("i32", way, WAY_FROM, 4), "i32"))
    size = c.widen(c.word("i32", way, WAY_MOVED, 4), "i32")
    c.do(f"call void @llvm.memmove.p0.p0.i64(ptr {to}, ptr {frm}, i64 {size}, i1 false)")


def _br_one(c: Code) -> None:
    """Carries one slot, from [a] to [d]."""
    c.put("i64", c.bits(AT_A))
    c.go(c.imm("ptr"))


def _br_moving(c: Code) -> None:
    way = c.imm("ptr")
    _move(c, way)
    c.go(c.word("ptr", way, WAY_TARGET))


def _fork(c: Code, taken: str) -> None:
    """Goes one of two ways, which the word after this one names."""
    c.do(f"br i1 {taken}, label %yes, label %no")
    c.label("yes")
    c.count("%pc", AT_TIMES_TAKEN)
    c.go(c.word("ptr", "%pc", AT_TAKEN))
    c.label("no")
    c.go(c.word("ptr", "%pc", AT_NOT_TAKEN))


def _if(test: str) -> Body:
    def write(c: Code) -> None:
        type_ = "i64" if test.startswith("i64") else "i32"
        predicate = "eq" if test.endswith("eqz") else "ne"
        _fork(c, c.let(f"icmp {predicate} {type_} {c.operand(type_, AT_D)}, 0"))

    return write


def _if_compared(name: str, constant: bool) -> Body:
    def write(c: Code) -> None:
        type_ = name[:3]
        x = c.operand(type_, AT_A)
        y = c.imm(type_) if constant else c.operand(type_, AT_B)
        _fork(c, condition(name, c, x, y))

    return write


def _if_moving(c: Code) -> None:
    """br_if that carries slots."""
    taken = c.let(f"icmp ne i32 {c.operand('i32', AT_D)}, 0")
    c.do(f"br i1 {taken}, label %yes, label %no")
    c.label("yes")
    c.count("%pc", AT_TIMES_TAKEN)
    way = c.imm("ptr")
    _move(c, way)
    c.go(c.word("ptr", way, WAY_TARGET))
    c.label("no")
    c.go(c.word("ptr", "%pc", AT_NOT_TAKEN))


def _br_table(moving: bool) -> Body:
    def write(c: Code) -> None:
        table = c.imm("ptr")
        index = c.widen(c.operand("i32", AT_D), "i32")
        last = c.word("i64", table, WAYS_LAST)
        number = c.let(f"call i64 @llvm.umin.i64(i64 {index}, i64 {last})")
        way = c.at(c.at(table, WAYS_FIRST), c.let(f"mul i64 {number}, {WAY_BYTES}"))
        c.count(way, WAY_TIMES)
        if moving:
            _move(c, way)
        c.go(c.word("ptr", way, WAY_TARGET))

    return write


def _br_on_null(taken_when_null: bool) -> Body:
    """Tests the reference at [d]; carries nothing that is not in place."""

    def write(c: Code) -> None:
        null = c.let(f"icmp eq i64 {c.bits(AT_D)}, 0")
        _fork(c, null if taken_when_null else c.let(f"xor i1 {null}, true"))

    return write


# -- calls -----------------------------------------------------------------------------------------


def _named(c: Code) -> str:
    """The function record of a call to a function of the same instance."""
    return c.imm("ptr")


def _by_reference(c: Code, func_ref: str) -> str:
    """The function record behind a VMFuncRef, of the same instance and translated, else it is for the runtime."""
    code = c.load("i64", c.at(func_ref, c.context("func_ref_code")), 8)
    c.guard(c.let(f"icmp eq i64 {code}, 0"))  # a host function's that was never called
    offset = c.let(f"sub i64 {code}, {c.context('code_base')}")
    number = c.let(f"udiv i64 {offset}, {c.shape.code_record_bytes}")
    place = c.at(c.context("func_by_code", "ptr"), c.let(f"shl i64 {number}, 3"))
    func = c.load("ptr", place, 8)
    c.guard(c.let(f"icmp eq ptr {func}, null"))
    c.guard(c.let(f"icmp ne i64 {c.word('i64', func, AT_VMCTX)}, {c.context('vmctx')}"))
    return func


def _in_reference(c: Code) -> str:
    """The function that the funcref at [b] leads to."""
    func_ref = c.operand("i64", AT_B)
    c.guard(c.let(f"icmp eq i64 {func_ref}, 0"))
    return _by_reference(c, c.let(f"inttoptr i64 {func_ref} to ptr"))


def _in_table(c: Code) -> str:
    """The function that the table element numbered by [b] leads to: bound, element, VMFuncRef, type id, code."""
    record, index = c.imm("ptr"), c.bits(AT_B)
    c.guard(c.let(f"icmp uge i64 {index}, {c.pointed(c.shape.table_length_bytes, record, TABLE_LENGTH)}"))
    elements = c.load("ptr", c.word("ptr", record, TABLE_BASE), 8)
    word = c.load("i64", c.at(elements, c.let(f"shl i64 {index}, 3")), 8)
    tag = c.let(f"xor i64 {c.context('lazy_bit')}, -1")
    address = c.let(f"and i64 {word}, {tag}")
    c.guard(c.let(f"icmp eq i64 {address}, 0"))  # unresolved, or null
    func_ref = c.let(f"inttoptr i64 {address} to ptr")
    wanted = c.load("i32", c.word("ptr", record, INDIRECT_TYPE), 4)
    found = c.load("i32", c.at(func_ref, c.context("func_ref_type")), 4)
    c.guard(c.let(f"icmp ne i32 {found}, {wanted}"))
    return _by_reference(c, func_ref)


_FINDERS = {"": _named, "_indirect": _in_table, "_ref": _in_reference}


def _zero_locals(c: Code, func: str, base: str) -> None:
    first = c.widen(c.word("i32", func, AT_ZERO_FROM, 4), "i32")
    last = c.widen(c.word("i32", func, AT_ZERO_TO, 4), "i32")
    c.do("br label %zeroing")
    c.label("zeroing")
    c.do(f"%zero = phi i64 [{first}, %before], [%zeroed, %one]")
    more = c.let(f"icmp ult i64 %zero, {last}")
    c.do(f"br i1 {more}, label %one, label %ready")
    c.label("one")
    c.store("i64", "0", c.at(base, "%zero"), 8)
    c.do("%zeroed = add i64 %zero, 8")
    c.do("br label %zeroing")
    c.label("ready")


def _entered(c: Code, func: str, base: str) -> str:
    """Checks that a function is translated and its frame has a place; its code."""
    code = c.word("ptr", func, AT_CODE)
    c.guard(c.let(f"icmp eq ptr {code}, null"))
    end = c.at(base, c.word("i64", func, AT_ROOM))
    c.guard(c.let(f"icmp ugt ptr {end}, {c.context('values_end', 'ptr')}"))
    return code


def _call(find: str) -> Body:
    """The callee's frame lies [d] above this one's; `a` is where to go on afterwards."""

    def write(c: Code) -> None:
        func = _FINDERS[find](c)
        base = c.slot(AT_D)
        code = _entered(c, func, base)
        record = c.context("control", "ptr")
        c.guard(c.let(f"icmp uge ptr {record}, {c.context('control_last', 'ptr')}"))
        _, _, pc, *_ = c.shape.record
        c.store("i32", c.word("i32", "%pc", AT_A, 4), c.at(record, pc), 4)
        pushed = c.at(record, c.shape.record_bytes)
        _write_record(c, pushed, func, base)
        c.set_context("control", pushed, "ptr")
        c.do("br label %before")
        c.label("before")
        _zero_locals(c, func, base)
        c.go(code, base)

    return write


def _write_record(c: Code, record: str, func: str, base: str) -> None:
    vmctx_at, func_at, pc_at, base_at, flags_at, results_at, caller_at = c.shape.record
    c.store("i64", c.word("i64", func, AT_VMCTX), c.at(record, vmctx_at), 8)
    c.store("i32", c.word("i32", func, AT_FUNC, 4), c.at(record, func_at), 4)
    c.store("i32", "0", c.at(record, pc_at), 4)
    c.store("ptr", base, c.at(record, base_at), 8)
    c.store("i32", "0", c.at(record, flags_at), 4)
    c.store("i32", "0", c.at(record, results_at), 4)
    c.store("i64", "0", c.at(record, caller_at), 8)


def _tail_call(find: str) -> Body:
    """The arguments lie at [d]; how many bytes of them, `a` says."""

    def write(c: Code) -> None:
        func = _FINDERS[find](c)
        code = _entered(c, func, "%fp")
        size = c.offset(AT_A)
        c.do(f"call void @llvm.memmove.p0.p0.i64(ptr %fp, ptr {c.slot(AT_D)}, i64 {size}, i1 false)")
        record = c.context("control", "ptr")
        c.store("i32", c.word("i32", func, AT_FUNC, 4), c.at(record, c.shape.record[1]), 4)
        c.do("br label %before")
        c.label("before")
        _zero_locals(c, func, "%fp")
        c.go(code)

    return write


def _return(results: str) -> Body:
    """The results move to the frame's base; the caller's record says where to go on."""

    def write(c: Code) -> None:
        vmctx_at, func_at, pc_at, base_at, flags_at, _, _ = c.shape.record
        record = c.context("control", "ptr")
        c.guard(c.let(f"icmp eq ptr {record}, {c.context('control_first', 'ptr')}"))
        caller = c.at(record, -c.shape.record_bytes)
        host = c.let(f"icmp ne i32 {c.word('i32', caller, flags_at, 4)}, 0")
        other = c.let(f"icmp ne i64 {c.word('i64', caller, vmctx_at)}, {c.context('vmctx')}")
        c.guard(c.let(f"or i1 {host}, {other}"))
        number = c.widen(c.word("i32", caller, func_at, 4), "i32")
        func = c.at(c.context("funcs", "ptr"), c.let(f"mul i64 {number}, {FUNC_BYTES}"))
        heads = c.word("ptr", func, AT_HEADS)
        c.guard(c.let(f"icmp eq ptr {heads}, null"))
        index = c.widen(c.word("i32", caller, pc_at, 4), "i32")
        if results == "one":
            c.put_at("i64", c.bits(AT_A), "%fp")
        elif results == "many":
            c.do(f"call void @llvm.memmove.p0.p0.i64(ptr %fp, ptr {c.slot(AT_A)}, i64 {c.imm()}, i1 false)")
        c.set_context("control", caller, "ptr")
        head = c.widen(c.load("i32", c.at(heads, c.let(f"shl i64 {index}, 2")), 4), "i32")
        c.go(c.at(c.word("ptr", func, AT_CODE), head), c.word("ptr", caller, base_at))

    return write


# -- leaving ---------------------------------------------------------------------------------------


def leave(why: int) -> Body:
    """Notes where the machine stands and goes back to the driver."""

    def write(c: Code) -> None:
        c.set_context("why", str(why))
        c.set_context("pc", "%pc", "ptr")
        c.set_context("fp", "%fp", "ptr")
        c.set_context("fuel", "%fuel")
        c.do("ret void")

    return write


def _divert(c: Code) -> None:
    """Stands at the head of a block in which something stops: its instructions are run one by one instead."""
    ticks = c.widen(c.word("i32", "%pc", AT_TICKS, 4), "i32")
    single = c.imm("ptr")
    left = c.let(f"sub i64 {c.let(f'add i64 %fuel, {ticks}')}, 1")
    c.jump(c.load("ptr", single, 8), single, fuel=left)


def _site(c: Code) -> None:
    """Stands at a single that a site names: leaves, or notes it and goes on with what stands there plainly."""
    c.note("stop")
    plain = c.at("%pc", PLAIN_BYTES)
    c.jump(c.load("ptr", plain, 8), plain)
    c.label("stop")
    c.jump(symbol("leave.site"))


def _runtime(c: Code) -> None:
    """For what the runtime does."""
    c.jump('@"leave.runtime"')


_COMPARISONS = [n for n in VALUES if is_comparison(n)]

HANDLERS: Mapping[str, Body] = {
    "runtime": _runtime,
    "divert": _divert,
    "site": _site,
    "copy": straight(_copy),
    "copy.both": straight(_copy_both),
    "copy.const": straight(_copy_constant),
    "copy.wide": straight(_copy_wide),
    "const": straight(_constant),
    "const.wide": straight(_constant_wide),
    "nothing": straight(_nothing),
    "select": _select("i64"),
    "select.wide": _select("v128"),
    "ref.is_null": straight(_is_null),
    **{f"global.get.{t}": _global_get(t) for t in ("i32", "i64", "v128")},
    **{f"global.set.{t}": _global_set(t) for t in ("i32", "i64", "v128")},
    "br": _br,
    "br.one": _br_one,
    "br.moving": _br_moving,
    "if": _if("i32"),
    "if.i32.eqz": _if("i32.eqz"),
    "if.i64.eqz": _if("i64.eqz"),
    **{f"if.{n}": _if_compared(n, constant=False) for n in _COMPARISONS},
    **{f"if.{n}.const": _if_compared(n, constant=True) for n in _COMPARISONS if n[0] == "i"},
    "if.moving": _if_moving,
    "if.null": _br_on_null(taken_when_null=True),
    "if.not_null": _br_on_null(taken_when_null=False),
    "br_table": _br_table(moving=False),
    "br_table.moving": _br_table(moving=True),
    **{f"call{find}": _call(find) for find in _FINDERS},
    **{f"return_call{find}": _tail_call(find) for find in _FINDERS},
    **{f"return.{n}": _return(n) for n in ("none", "one", "many")},
}
INTRINSICS = "declare i64 @llvm.umin.i64(i64, i64)"
