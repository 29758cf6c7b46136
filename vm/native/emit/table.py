"""All handlers by name, in families: each family is an object of its own, made when a module first needs it.

A row's handler reads its operands from slots `a` and `b` and writes slot `d`; `.const` ones take the second operand
from the word. Where all three are the operand stack's, the word does what the row says; translation also joins
rows into one word that reads locals and constants in place.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from vm.native.emit import (
    atomic,
    control,
    followed,
    heated,
    memory,
    numeric,
    reference,
    vector,
    vector_memory,
    watched,
    wide,
)  # fmt: skip
from vm.native.ir import AT_A, AT_B, LLVM, Body, Code, straight
from vm.native.shapes import LEFT_FUEL, LEFT_SITE, LEFT_TO_RUNTIME, LEFT_WATCH
from vm.ops.row import Op
from vm.ops.table import BY_NAME
from vm.reference.canonical import MAKES_NANS

_NAN = {"f32": "0x7FF8000000000000", "f64": "0x7FF8000000000000"}  # LLVM writes both as f64 bits


def signature(op: Op) -> tuple[tuple[str, ...], str]:
    """Value types of a row's operands and result."""
    left, _, right = op.sig.partition("->")
    return tuple(left.split()), right.strip()


def _numeric(name: str, constant: bool) -> Body:
    params, result = signature(BY_NAME[name])
    value = numeric.VALUES[name]

    def body(c: Code) -> None:
        x = c.operand(params[0], AT_A)
        y = "" if len(params) == 1 else c.imm(params[1]) if constant else c.operand(params[1], AT_B)
        made = value(c, params[0], x, y)
        if c.shape.canonical_nan and result in _NAN and name.partition(".")[2] in MAKES_NANS:
            f = LLVM[result]
            made = c.let(f"select i1 {c.let(f'fcmp uno {f} {made}, {made}')}, {f} {_NAN[result]}, {f} {made}")
        c.put(result, made)

    return straight(body)


def takes_constant(name: str) -> bool:
    """Whether a row's second operand may stand in the word."""
    params, _ = signature(BY_NAME[name])
    return len(params) == 2 and params[1][0] == "i"


_SCALAR: Mapping[str, Body] = {
    "leave.fuel": control.leave(LEFT_FUEL),
    "leave.runtime": control.leave(LEFT_TO_RUNTIME),
    "leave.site": control.leave(LEFT_SITE),
    "leave.watch": control.leave(LEFT_WATCH),
    **{n: _numeric(n, constant=False) for n in numeric.VALUES},
    **{n + ".const": _numeric(n, constant=True) for n in numeric.VALUES if takes_constant(n)},
    **control.HANDLERS,
    **memory.HANDLERS,
}

FAMILIES: Mapping[str, Mapping[str, Body]] = MappingProxyType(
    {
        "scalar": _SCALAR,
        "vector": {**vector.VALUES, **vector_memory.HANDLERS},
        "reference": reference.HANDLERS,
        "atomic": {**atomic.HANDLERS, **wide.HANDLERS},
        **watched.FAMILIES,
        **followed.FAMILIES,
        **heated.FAMILIES,
    }
)
INTRINSICS = "\n".join((numeric.INTRINSICS, control.INTRINSICS, memory.INTRINSICS))
FAMILY_OF = {name: family for family, handlers in FAMILIES.items() for name in handlers}
