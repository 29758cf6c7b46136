"""What is known about a function before it runs: made from its body on demand.

Code is flat here: `block`, `loop`, `nop` and the `end` of a block do not retire and are left out, so an
instruction index counts exactly the instructions that have a tick. The typing is the validator's own;
`_Recorder` listens to it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from types import MappingProxyType
from typing import NamedTuple, cast

from vm.instructions import Catch, Immediate, Immediates, block_type
from vm.module import Module
from vm.ops.row import Has, Imm, Op
from vm.ops.table import OPS
from vm.types import EXNREF, V128, FuncType, ValType, slots, total_slots
from vm.validator.context import Context
from vm.validator.expression import check_body, local_types
from vm.validator.operands import Operands, operands_of


@dataclass(frozen=True, slots=True)
class Branch:
    """Where control may go: the top `keep` slots move down to operand height `drop_to` (slots)."""

    target: int  # index into FunctionFacts.instrs
    keep: int
    drop_to: int


@dataclass(frozen=True, slots=True)
class Handler:
    """A catch clause. What an exception carries, and with `with_ref` the exception, becomes the branch's operands."""

    tag: int | None  # None: catches all
    with_ref: bool
    branch: Branch
    remember: int | None  # slot of the frame that keeps the exception for a rethrow


@dataclass(eq=False, slots=True)
class Label:
    """A structured instruction around an instruction; a linked list, innermost first.

    `kind` is func, block, loop, if, else, try_table, try, catch or catch_all; `offset` is its opcode's, for func the
    expression's start. `height` counts the operand slots below its parameters. An exception thrown inside goes to
    the first fitting handler, else on to `delegate`, or without one to the parent.
    """

    kind: str
    offset: int
    height: int
    params: tuple[ValType, ...]
    results: tuple[ValType, ...]
    parent: Label | None
    handlers: tuple[Handler, ...] = ()
    delegate: Label | None = None


def handlers(label: Label | None) -> Iterator[Handler]:
    """The handlers around an instruction, by its label, in the order in which they are asked."""
    while label is not None:
        yield from label.handlers
        label = label.delegate or label.parent


@dataclass(frozen=True, slots=True)
class Instr:
    """One instruction that retires: bytes [offset, end) of the file.

    `imm` is as in `vm.instructions`, but a memory argument is (memory, offset), and block types and
    br_table's labels are left out. `branches` is one for br, br_if, if (condition 0) and else (fallen into),
    br_table's targets then its default, else none.
    A rethrow's immediate is the slot that keeps its exception, a caught `catch` has a branch past the end.
    In unreachable code `operands` is None and `height` and `branches` mean nothing. A function's last `end` is
    described as reached, its results on the stack.
    """

    offset: int
    end: int
    op: Op
    imm: Immediates
    height: int  # operand slots before it
    operands: Operands | None  # before it
    label: Label
    branches: tuple[Branch, ...]

    @property
    def stack(self) -> tuple[ValType, ...] | None:
        """Operand types before it, bottom first."""
        if self.operands is None:
            return None
        return cast("tuple[ValType, ...]", self.operands.types())  # unknown in unreachable code only


@dataclass(frozen=True, slots=True)
class FunctionFacts:
    """One function, flat."""

    func: int
    type: FuncType
    local_types: tuple[ValType, ...]  # parameters first
    local_slots: Sequence[int]  # slot index of each local
    param_slots: int
    num_local_slots: int  # with those that keep exceptions for a rethrow, which come last
    kept_exceptions: int
    result_slots: int
    max_height: int  # operand slots
    frame_slots: int
    instrs: tuple[Instr, ...]

    @property
    def frame_types(self) -> tuple[ValType, ...]:
        """Types of what lies below the operands: the locals, then kept exceptions."""
        return self.local_types + (EXNREF,) * self.kept_exceptions

    def carried(self, instr: Instr, branch: Branch, popped: int) -> tuple[int, int, int] | None:
        """(from, to, how many) of the slots that a branch carries, or None when they are in place already.

        `popped` is how many slots the instruction takes off the stack first.
        """
        frm = self.num_local_slots + instr.height - popped - branch.keep
        to = self.num_local_slots + branch.drop_to
        return (frm, to, branch.keep) if branch.keep and frm != to else None

    def index_at(self, offset: int) -> int | None:
        """The instruction that contains the file offset, else the next one; None past the last."""
        at = bisect_right(self.instrs, offset, key=lambda instr: instr.offset) - 1
        if at >= 0 and offset < self.instrs[at].end:
            return at
        at = bisect_left(self.instrs, offset, key=lambda instr: instr.offset)
        return at if at < len(self.instrs) else None


class _Jump:
    """A branch whose target may not be known yet."""

    __slots__ = ("drop_to", "keep", "target")

    def __init__(self, keep: int, drop_to: int) -> None:
        self.target, self.keep, self.drop_to = 0, keep, drop_to

    def landed(self) -> Branch:
        """The branch, once its target is known."""
        return Branch(self.target, self.keep, self.drop_to)


class _Open:
    """A label while the code inside it is being read; jumps wait here until their target is known."""

    __slots__ = ("clauses", "label", "over", "skip", "start", "trying")

    def __init__(self, label: Label, start: int, skip: _Jump | None = None) -> None:
        self.label = label
        self.start = start  # index of the first instruction inside
        self.over: list[_Jump] = []  # to the end
        self.skip = skip  # an if's own: to the else arm, or to the end when there is none
        self.trying: Label | None = None  # a try's own label, whose handlers are being collected
        self.clauses: list[tuple[Catch, _Jump, int | None]] = []


class _Draft(NamedTuple):
    """An instruction as the validator tells of it, with jumps in place of branches."""

    offset: int
    end: int
    op: Op
    imm: Immediates
    height: int
    operands: Operands | None
    label: Label
    jumps: tuple[_Jump, ...] = ()

    def finished(self) -> Instr:
        """The instruction, once all jumps have landed."""
        branches = tuple([jump.landed() for jump in self.jumps])
        return Instr(*self[:-1], branches)


class _Recorder:
    """Listens to the validator and writes down the instructions that retire."""

    def __init__(self, context: Context, type_: FuncType, start: int) -> None:
        self.types, self._tags = context.types, context.tags
        self.drafts: list[_Draft] = []
        self.max_height = 0
        self.kept_exceptions = 0
        self.open = [_Open(Label("func", start, 0, (), type_.results, None), 0)]
        self._tries: list[tuple[Label, list[tuple[Catch, _Jump, int | None]]]] = []

    def finish_handlers(self, first_kept: int) -> None:
        """Gives the labels of tries their handlers, once all jumps have landed; kept exceptions lie from there on."""
        for label, clauses in self._tries:
            label.handlers = tuple([
                Handler(clause.tag, clause.with_ref, jump.landed(), None if kept is None else first_kept + kept)
                for clause, jump, kept in clauses
            ])  # fmt: skip

    def typed(self, offset: int, end: int, op: Op, imm: Immediates, before: Operands | None) -> None:
        height = 0 if before is None else before.total_slots
        self.max_height = max(self.max_height, height)
        draft = _Draft(offset, end, op, imm, height, before, self.open[-1].label)
        _HANDLERS[op.code](self, draft)

    def plain(self, draft: _Draft) -> None:
        self.drafts.append(draft)

    def silent(self, draft: _Draft) -> None:
        pass

    def access(self, draft: _Draft) -> None:
        self.drafts.append(draft._replace(imm=draft.imm[1:]))

    def cast(self, draft: _Draft) -> None:
        self.drafts.append(draft._replace(imm=draft.imm[2:], jumps=(self._jump(draft.imm[0]),)))

    def branch(self, draft: _Draft) -> None:
        self.drafts.append(draft._replace(jumps=(self._jump(draft.imm[0]),)))

    def branch_table(self, draft: _Draft) -> None:
        self.drafts.append(draft._replace(imm=(), jumps=tuple([self._jump(depth) for depth in draft.imm])))

    def block(self, draft: _Draft) -> None:
        self._enter(draft, draft.height, None)

    def if_(self, draft: _Draft) -> None:
        jump = _Jump(0, draft.height - 1)
        self.drafts.append(draft._replace(imm=(), jumps=(jump,)))
        self._enter(draft, draft.height - 1, jump)

    def else_(self, draft: _Draft) -> None:
        over, opened = _Jump(0, draft.height), self.open[-1]
        self.drafts.append(draft._replace(jumps=(over,)))
        opened.over.append(over)
        self._land(opened.skip)
        opened.skip = None
        opened.label = replace(opened.label, kind="else", offset=draft.offset)

    def try_table(self, draft: _Draft) -> None:
        clauses = [(c, self._jump(c.label), None) for c in draft.imm[1:] if isinstance(c, Catch)]
        self._enter(draft._replace(imm=draft.imm[:1]), draft.height, None)
        self._tries.append((self.open[-1].label, list(clauses)))

    def try_(self, draft: _Draft) -> None:
        self._enter(draft, draft.height, None)
        opened = self.open[-1]
        opened.trying = opened.label
        self._tries.append((opened.label, opened.clauses))

    def catch(self, draft: _Draft) -> None:
        """The code before jumps over the clause; its exception is kept in a slot by how deep tries are nested."""
        over, opened = _Jump(0, draft.height), self.open[-1]
        self.drafts.append(draft._replace(imm=(), jumps=(over,)))
        opened.over.append(over)
        tag = draft.imm[0] if draft.imm else None
        assert tag is None or isinstance(tag, int)
        kept = sum(1 for o in self.open if o.trying is not None) - 1
        self.kept_exceptions = max(self.kept_exceptions, kept + 1)
        caught = 0 if tag is None else total_slots(self._tags[tag].params)
        jump = _Jump(caught, opened.label.height)
        jump.target = len(self.drafts)
        self.max_height = max(self.max_height, opened.label.height + caught)
        opened.clauses.append((Catch(tag, False, 0), jump, kept))
        opened.label = replace(opened.label, kind=draft.op.name, offset=draft.offset, handlers=(), delegate=None)

    def rethrow(self, draft: _Draft) -> None:
        depth = draft.imm[0]
        assert isinstance(depth, int)
        outside = self.open[: len(self.open) - depth]
        kept = sum(1 for o in outside if o.trying is not None) - 1
        self.drafts.append(draft._replace(imm=(kept,)))

    def delegate(self, draft: _Draft) -> None:
        closed, depth = self.open.pop(), draft.imm[0]
        assert isinstance(depth, int) and closed.trying is not None
        closed.trying.delegate = self.open[-1 - depth].label
        for jump in closed.over:
            self._land(jump)

    def end(self, draft: _Draft) -> None:
        closed = self.open.pop()
        for jump in closed.over:
            self._land(jump)
        self._land(closed.skip)
        if not self.open:
            results = closed.label.results
            height = total_slots(results)
            self.max_height = max(self.max_height, height)
            self.drafts.append(draft._replace(height=height, operands=operands_of(results)))

    def _enter(self, draft: _Draft, height: int, skip: _Jump | None) -> None:
        type_ = block_type(draft.imm[0], self.types)
        below = max(height - total_slots(type_.params), 0)
        label = Label(draft.op.name, draft.offset, below, type_.params, type_.results, draft.label)
        self.open.append(_Open(label, len(self.drafts), skip))

    def _land(self, jump: _Jump | None) -> None:
        if jump is not None:
            jump.target = len(self.drafts)

    def _jump(self, depth: Immediate) -> _Jump:
        assert isinstance(depth, int)
        opened = self.open[-1 - depth]
        label = opened.label
        if label.kind == "loop":
            jump = _Jump(total_slots(label.params), label.height)
            jump.target = opened.start
        else:
            jump = _Jump(total_slots(label.results), label.height)
            opened.over.append(jump)
        return jump


_Handler = Callable[[_Recorder, _Draft], None]


def _handler(op: Op) -> _Handler:
    match op.name, op.imm:
        case "if", _:
            return _Recorder.if_
        case "else", _:
            return _Recorder.else_
        case "end", _:
            return _Recorder.end
        case "try", _:
            return _Recorder.try_
        case "try_table", _:
            return _Recorder.try_table
        case "catch" | "catch_all", _:
            return _Recorder.catch
        case "rethrow", _:
            return _Recorder.rethrow
        case "delegate", _:
            return _Recorder.delegate
        case _, (Imm.CAST,):
            return _Recorder.cast
        case _, (Imm.BLOCK,):
            return _Recorder.block
        case _, (Imm.LABEL,):
            return _Recorder.branch
        case _, (Imm.LABELS,):
            return _Recorder.branch_table
        case _, (Imm.MEMARG, *_):
            return _Recorder.access
        case _:
            return _Recorder.silent if Has.SILENT in op.has else _Recorder.plain


_HANDLERS: Mapping[tuple[int, int], _Handler] = MappingProxyType({op.code: _handler(op) for op in OPS})


def _slot_indexes(types: tuple[ValType, ...]) -> Sequence[int]:
    if V128 not in types:
        return range(len(types))
    return tuple(accumulate(map(slots, types[:-1]), initial=0)) if types else ()


def facts_in(context: Context, func: int) -> FunctionFacts:
    """The facts of a function defined in the context's module."""
    type_, locals_ = context.funcs[func], local_types(context, func)
    recorder = _Recorder(context, type_, context.module.body(func).code.start)
    check_body(context, func, recorder)
    real_slots, result_slots = total_slots(locals_), total_slots(type_.results)
    recorder.finish_handlers(real_slots)
    num_local_slots = real_slots + recorder.kept_exceptions
    return FunctionFacts(
        func=func,
        type=type_,
        local_types=locals_,
        local_slots=_slot_indexes(locals_),
        param_slots=total_slots(type_.params),
        num_local_slots=num_local_slots,
        kept_exceptions=recorder.kept_exceptions,
        result_slots=result_slots,
        max_height=recorder.max_height,
        frame_slots=max(num_local_slots + recorder.max_height, result_slots),
        instrs=tuple([draft.finished() for draft in recorder.drafts]),
    )


def function_facts(module: Module, func: int) -> FunctionFacts:
    """The facts of a function defined here, computed anew; `func` counts imports.

    Raises ValidationError or DecodeError when the body is not valid. Reads the whole module's index
    spaces each time: ask a `FactsCache` for more than one function.
    """
    return facts_in(Context.of(module), func)


class FactsCache:
    """Facts of one module's functions, the most recently used kept."""

    def __init__(self, module: Module, capacity: int = 512) -> None:
        self.module = module
        self._context = Context.of(module)
        self._capacity = capacity
        self._kept: OrderedDict[int, FunctionFacts] = OrderedDict()

    def __call__(self, func: int) -> FunctionFacts:
        """The facts of a function defined here; `func` counts imports."""
        found = self._kept.get(func)
        if found is None:
            found = self._kept[func] = facts_in(self._context, func)
            if len(self._kept) > self._capacity:
                self._kept.popitem(last=False)
        self._kept.move_to_end(func)
        return found
