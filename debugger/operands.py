"""What the instruction at a pc takes from the operand stack, and what it is about to do with it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from debugger.inspect import Frame, Inspector, Variable
from vm.errors import MemoryFault
from vm.facts import Instr
from vm.instance import Instance
from vm.ops.row import Has, Imm

_ROLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "drop": ("dropped",),
        "select": ("if not 0", "if 0", "condition"),
        "br_if": ("condition",),
        "if": ("condition",),
        "br_table": ("label",),
        "local.set": ("value",),
        "local.tee": ("value",),
        "global.set": ("value",),
        "memory.grow": ("pages",),
        "memory.fill": ("to", "value", "size"),
        "memory.copy": ("to", "from", "size"),
        "memory.init": ("to", "from", "size"),
        "table.get": ("index",),
        "table.set": ("index", "value"),
        "table.grow": ("value", "count"),
        "table.fill": ("to", "value", "count"),
        "table.copy": ("to", "from", "count"),
        "table.init": ("to", "from", "count"),
        **dict.fromkeys(("struct.get", "struct.get_s", "struct.get_u"), ("struct",)),
        "struct.set": ("struct", "value"),
        "array.new": ("value", "length"),
        "array.new_default": ("length",),
        **dict.fromkeys(("array.new_data", "array.new_elem"), ("from", "length")),
        **dict.fromkeys(("array.get", "array.get_s", "array.get_u"), ("array", "index")),
        "array.set": ("array", "index", "value"),
        "array.len": ("array",),
        "array.fill": ("array", "index", "value", "count"),
        "array.copy": ("to", "at", "from", "start", "count"),
        **dict.fromkeys(("array.init_data", "array.init_elem"), ("array", "index", "from", "count")),
        **dict.fromkeys(("ref.test", "ref.test_null", "ref.cast", "ref.cast_null"), ("reference",)),
        **dict.fromkeys(("ref.as_non_null", "br_on_null", "br_on_non_null"), ("reference",)),
        **dict.fromkeys(("br_on_cast", "br_on_cast_fail", "throw_ref"), ("reference",)),
        **dict.fromkeys(("i31.get_s", "i31.get_u"), ("number",)),
    }
)
_DIRECT = ("call", "return_call")
_INDIRECT = ("call_indirect", "return_call_indirect")
_BY_REFERENCE = ("call_ref", "return_call_ref")
_MOST_CELLS = 60  # of arguments in a preview


def roles(inspect: Inspector, frame: Frame) -> tuple[str, ...]:
    """What each operand is to the instruction at pc, the deepest first; none for what is not known."""
    if frame.instance is None:
        return ()
    instr = inspect.instr(frame)
    name = instr.op.name
    if name in _DIRECT:
        return _parameters(inspect, frame.instance, index_of(instr, 0))
    if name in _INDIRECT:
        params = frame.instance.module.signature(index_of(instr, 0)).params
        return (*(f"argument {i}" for i in range(len(params))), "index")
    if name in _BY_REFERENCE:
        params = frame.instance.module.signature(index_of(instr, 0)).params
        return (*(f"argument {i}" for i in range(len(params))), "function")
    if name == "throw":
        return tuple(f"value {i}" for i in range(len(frame.instance.module.tags[index_of(instr, 0)].type.params)))
    if name == "return" or (name == "end" and instr.label.kind == "func"):
        count = len(frame.instance.module.func_type(frame.func).results)
        return ("result",) if count == 1 else tuple(f"result {i}" for i in range(count))
    return _ROLES.get(name) or _by_signature(instr)


def taken(inspect: Inspector, frame: Frame) -> tuple[tuple[str, Variable], ...]:
    """The operands that the instruction at pc takes, with what they are to it."""
    names = roles(inspect, frame)
    found = inspect.operands(frame)
    return tuple(zip(names, found[len(found) - len(names) :], strict=False)) if names else ()


def _parameters(inspect: Inspector, instance: Instance, func: int) -> tuple[str, ...]:
    symbols = inspect.symbols(instance)
    names = (symbols.local(func, i) for i in range(len(instance.module.func_type(func).params)))
    return tuple(name if name.startswith("$") else f"argument {i}" for i, name in enumerate(names))


def _by_signature(instr: Instr) -> tuple[str, ...]:
    """Names for the operands of an instruction with a fixed signature."""
    if instr.op.rule is not None:
        return ()
    count = len(instr.op.sig.split("->")[0].split())
    if instr.op.imm == (Imm.MEMARG,):
        return ("address", *_beside_an_address(instr.op.name, count - 1))
    return ("left", "right") if count == 2 else tuple("abcd"[:count])


def _beside_an_address(name: str, count: int) -> tuple[str, ...]:
    """What an access takes after its address."""
    if count == 2:
        return ("expected", "timeout" if ".wait" in name else "replacement")
    if count == 1:
        return ("count" if name.endswith(".notify") else "operand" if ".rmw" in name else "value",)
    return ()


def index_of(instr: Instr, place: int) -> int:
    """An immediate that is an index."""
    value = instr.imm[place]
    assert isinstance(value, int)
    return value


# -- what will happen ------------------------------------------------------------------------------


def preview(inspect: Inspector, frame: Frame) -> str:
    """`→ fib(6)`, `[0x1040] = 0x3`, `taken`, `i32:7`: the instruction at pc with its values; "" for none."""
    instance = frame.instance
    if instance is None:
        return ""
    instr, found = inspect.instr(frame), dict(taken(inspect, frame))
    name = instr.op.name
    if name in _DIRECT:
        return f"→ {_called(inspect.func_name(instance, index_of(instr, 0)), tuple(found.values()))}"
    if name in _INDIRECT:
        return _indirect(inspect, instance, instr, tuple(found.values()))
    if instr.op.imm == (Imm.MEMARG,) and "address" in found:
        return _access(inspect, instance, instr, found)
    match name:
        case "br_if":
            return "taken" if found["condition"].slot else "not taken"
        case "if":
            return "true" if found["condition"].slot else "false"
        case "br_table":
            return f"→ label {found['label'].text}"
        case "local.get":
            variable = inspect.locals(frame)[index_of(instr, 0)]
            return f"{variable.type}:{variable.text}"
        case "global.get":
            variable = inspect.global_(instance, index_of(instr, 0))
            return f"{variable.type}:{variable.text}"
        case _:
            return "  ".join(f"{v.type}:{v.text}" for v in found.values())


def _called(name: str, arguments: tuple[Variable, ...]) -> str:
    text = ", ".join(v.text for v in arguments)
    return f"{name.removeprefix('$')}({text if len(text) <= _MOST_CELLS else text[:_MOST_CELLS] + '…'})"


def _indirect(inspect: Inspector, instance: Instance, instr: Instr, found: tuple[Variable, ...]) -> str:
    number, index = index_of(instr, 1), found[-1].slot
    if index >= instance.tables[number].size:
        return f"→ element {index} is past the table's end"
    text = inspect.table_element(instance, number, index).text.removeprefix("unresolved → ")
    return f"→ {_called(text, found[:-1])}" if text != "null" else f"→ element {index} is null"


def _access(inspect: Inspector, instance: Instance, instr: Instr, found: Mapping[str, Variable]) -> str:
    start = found["address"].slot + index_of(instr, 1)
    memory = instance.memories[index_of(instr, 0)]
    try:
        now = int.from_bytes(memory.read(start, instr.op.width), "little")
    except MemoryFault:
        return f"[{start:#x}] is past the memory's end"
    if Has.STORES in instr.op.has and "value" in found:
        return f"[{start:#x}] {now:#x} becomes {found['value'].text}"
    return f"[{start:#x}] = {now:#x}"


def accessed(inspect: Inspector, frame: Frame) -> tuple[Instance, int, int] | None:
    """Instance, memory and offset that the load or store at pc is about to touch; None for other instructions."""
    if frame.instance is None:
        return None
    instr, found = inspect.instr(frame), dict(taken(inspect, frame))
    if instr.op.imm != (Imm.MEMARG,) or "address" not in found:
        return None
    return frame.instance, index_of(instr, 0), found["address"].slot + index_of(instr, 1)
