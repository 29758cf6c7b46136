"""Integer instructions on unsigned bit patterns (spec: Execution, Integer Operations)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vm.errors import Trap, TrapKind

Run = Callable[..., int]


def integer(bits: int) -> Mapping[str, Run]:
    """The instructions of `i32` or `i64`: name without its type → `run`."""
    mask, sign = (1 << bits) - 1, 1 << (bits - 1)
    shift_mask = bits - 1

    def signed(a: int) -> int:
        return a - ((a & sign) << 1)

    def eqz(a: int) -> int:
        return 0 if a else 1

    def eq(a: int, b: int) -> int:
        return 1 if a == b else 0

    def ne(a: int, b: int) -> int:
        return 1 if a != b else 0

    def lt_s(a: int, b: int) -> int:
        return 1 if (a ^ sign) < (b ^ sign) else 0

    def lt_u(a: int, b: int) -> int:
        return 1 if a < b else 0

    def gt_s(a: int, b: int) -> int:
        return 1 if (a ^ sign) > (b ^ sign) else 0

    def gt_u(a: int, b: int) -> int:
        return 1 if a > b else 0

    def le_s(a: int, b: int) -> int:
        return 1 if (a ^ sign) <= (b ^ sign) else 0

    def le_u(a: int, b: int) -> int:
        return 1 if a <= b else 0

    def ge_s(a: int, b: int) -> int:
        return 1 if (a ^ sign) >= (b ^ sign) else 0

    def ge_u(a: int, b: int) -> int:
        return 1 if a >= b else 0

    def clz(a: int) -> int:
        return bits - a.bit_length()

    def ctz(a: int) -> int:
        return (a & -a).bit_length() - 1 if a else bits

    def popcnt(a: int) -> int:
        return a.bit_count()

    def add(a: int, b: int) -> int:
        return (a + b) & mask

    def sub(a: int, b: int) -> int:
        return (a - b) & mask

    def mul(a: int, b: int) -> int:
        return (a * b) & mask

    def div_s(a: int, b: int) -> int:
        if b == 0:
            raise Trap(TrapKind.INTEGER_DIVIDE_BY_ZERO)
        x, y = signed(a), signed(b)
        if x == -sign and y == -1:
            raise Trap(TrapKind.INTEGER_OVERFLOW, f"{x} / {y} does not fit")
        quotient = abs(x) // abs(y)
        return (quotient if (x < 0) == (y < 0) else -quotient) & mask

    def div_u(a: int, b: int) -> int:
        if b == 0:
            raise Trap(TrapKind.INTEGER_DIVIDE_BY_ZERO)
        return a // b

    def rem_s(a: int, b: int) -> int:
        if b == 0:
            raise Trap(TrapKind.INTEGER_DIVIDE_BY_ZERO)
        x = signed(a)
        remainder = abs(x) % abs(signed(b))
        return (-remainder if x < 0 else remainder) & mask

    def rem_u(a: int, b: int) -> int:
        if b == 0:
            raise Trap(TrapKind.INTEGER_DIVIDE_BY_ZERO)
        return a % b

    def and_(a: int, b: int) -> int:
        return a & b

    def or_(a: int, b: int) -> int:
        return a | b

    def xor(a: int, b: int) -> int:
        return a ^ b

    def shl(a: int, b: int) -> int:
        return (a << (b & shift_mask)) & mask

    def shr_s(a: int, b: int) -> int:
        return (signed(a) >> (b & shift_mask)) & mask

    def shr_u(a: int, b: int) -> int:
        return a >> (b & shift_mask)

    def rotl(a: int, b: int) -> int:
        b &= shift_mask
        return (a << b | a >> (bits - b)) & mask

    def rotr(a: int, b: int) -> int:
        b &= shift_mask
        return (a >> b | a << (bits - b)) & mask

    def extend(width: int) -> Run:
        low, top = (1 << width) - 1, 1 << (width - 1)

        def extend_s(a: int) -> int:
            return (((a & low) ^ top) - top) & mask

        return extend_s

    table: dict[str, Run] = {
        "eqz": eqz, "eq": eq, "ne": ne, "lt_s": lt_s, "lt_u": lt_u, "gt_s": gt_s, "gt_u": gt_u,
        "le_s": le_s, "le_u": le_u, "ge_s": ge_s, "ge_u": ge_u, "clz": clz, "ctz": ctz, "popcnt": popcnt,
        "add": add, "sub": sub, "mul": mul, "div_s": div_s, "div_u": div_u, "rem_s": rem_s, "rem_u": rem_u,
        "and": and_, "or": or_, "xor": xor, "shl": shl, "shr_s": shr_s, "shr_u": shr_u, "rotl": rotl, "rotr": rotr,
        "extend8_s": extend(8), "extend16_s": extend(16),
    }  # fmt: skip
    if bits == 64:
        table["extend32_s"] = extend(32)
    return table
