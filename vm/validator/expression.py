"""Types one expression: a function's body, or a constant expression."""

from __future__ import annotations

from vm.errors import DecodeError
from vm.instructions import Immediates, read_opcode
from vm.module import Span
from vm.types import RefType, ValType
from vm.validator.context import Context
from vm.validator.operands import NotedStack
from vm.validator.steps import BODY_STEPS, CONSTANT_STEPS, Step, Steps
from vm.validator.typing import Sink, Typing


def local_types(context: Context, func: int) -> tuple[ValType, ...]:
    """Types of a function's locals, parameters first."""
    types = list(context.funcs[func].params)
    for count, type_ in context.module.body(func).locals:
        types += [type_] * count
    return tuple(types)


def check_body(context: Context, func: int, sink: Sink | None = None) -> None:
    """Types the body of a function defined here; `sink` hears of every instruction.

    Raises ValidationError, or DecodeError where the bytes are no instructions.
    """
    code = context.module.body(func).code
    typing = Typing(context, func, local_types(context, func), context.funcs[func].results, code.start)
    typing.unset = {
        i for i, type_ in enumerate(typing.locals)
        if isinstance(type_, RefType) and not type_.nullable and i >= len(context.funcs[func].params)
    }  # fmt: skip
    if sink is None:
        _run(typing, code, BODY_STEPS)
    else:
        typing.stack = noted = NotedStack()
        _run(typing, code, BODY_STEPS, sink, noted)


def check_constant(context: Context, expression: Span, type_: ValType, globals_in_reach: int) -> None:
    """Types a constant expression that may use the first `globals_in_reach` globals."""
    typing = Typing(context, None, (), (type_,), expression.start, globals_in_reach)
    _run(typing, expression, CONSTANT_STEPS)


def _other_step(steps: Steps, data: bytes, pos: int, end: int) -> tuple[Step, int]:
    """The step of an instruction that is not one byte."""
    op, pos = read_opcode(data, pos, end)
    return steps.prefixed[op.code], pos


def _run(
    t: Typing, code: Span, steps: Steps, sink: Sink | None = None, noted: NotedStack | None = None
) -> None:  # fmt: skip
    data, stack, frames, single = t.context.data, t.stack, t.frames, steps.single
    pos, end = code
    imm: Immediates
    while pos < end:
        t.at = at = pos
        step = single[data[pos]]
        if step is None:
            step, pos = _other_step(steps, data, pos, end)
        else:
            pos += 1
        op, by_index, read, arity, params, results, rule = step

        if read is None:
            imm = ()
        elif by_index and pos < end and (byte := data[pos]) < 0x80:
            imm = (byte,)
            pos += 1
        else:
            imm, pos = read(data, pos, end)

        if noted is not None:
            before = None if t.dead else noted.operands()

        if rule is not None:
            rule(t, imm)
        else:
            if arity:
                if stack[-arity:] == params and len(stack) - arity >= t.floor:
                    del stack[-arity:]
                else:
                    t.pop_all(params)  # type: ignore[arg-type]
            stack += results

        if sink is not None:
            sink.typed(at, pos, op, imm, before)
        if not frames:
            break
    _finish(pos, end, bool(frames))


def _finish(pos: int, end: int, unclosed: bool) -> None:
    if unclosed:
        raise DecodeError(end, "code ends without an end instruction")
    if pos < end:
        raise DecodeError(pos, f"{end - pos} bytes follow the function's end")
