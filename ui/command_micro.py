"""Commands about what compiled code does with the structures: micro-steps, builtins, single VMFuncRefs."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter

from debugger.events import Stopped
from debugger.explain import instruction_text
from debugger.lab import lay_out
from debugger.microsteps import MicroStep, microsteps
from ui import telescope
from ui.command import Again, Command, Context, many, one, whole
from ui.command_look import selected_frame
from ui.render import lab, runtime
from ui.render import microsteps as rendered
from ui.render.line import Line, Part, Role, columns, heading, line, note
from vm.eras.table import chosen
from vm.errors import UserError
from vm.memory_image import PAGE_BYTES, PageState, page_states
from vm.types import Addr

_FAMILY = "memory and runtime"


def _steps(context: Context) -> tuple[MicroStep, ...]:
    session = context.session
    return microsteps(session.machine, session.inspect, selected_frame(context))


def _ustep(context: Context, args: Namespace) -> Stopped | Iterable[Line]:
    """Goes through the instruction's micro-steps one by one; after the last one the instruction itself runs."""
    session, listing = context.session, context.listing
    steps = _steps(context)
    at, done = listing.micro
    number = done if at == session.tick else 0
    if session.selected or number >= len(steps):
        listing.micro = (-1, 0)
        return session.step_instruction(1)
    listing.micro = (session.tick, number + 1)
    return rendered.rows(steps, number)[number : number + 1]


def _info_microsteps(context: Context, args: Namespace) -> Iterator[Line]:
    frame = selected_frame(context)
    if frame.instance is None:
        raise UserError(f"{frame.name} is a host function")
    yield heading(instruction_text(context.session.inspect, frame))
    yield from rendered.rows(_steps(context)) or [note("it touches none of the runtime's structures")]


def _builtins(context: Context, args: Namespace) -> Iterator[Line]:
    machine = context.session.machine
    width = machine.layouts.pointer_bytes
    names = machine.layouts.era.builtins
    yield heading(f"VMBuiltinFunctionsArray at {runtime.address(machine.builtins)}, {len(names)} entries")
    rows = (
        (str(i), name, runtime.address(machine.space.load(Addr(machine.builtins + i * width), width)))
        for i, name in enumerate(names)
    )
    yield from columns(rows, right=(0,))


def _func_ref(context: Context, args: Namespace) -> Iterator[Line]:
    """One function's VMFuncRef, written or not."""
    session = context.session
    instance = session.instance()
    symbols = session.inspect.symbols(instance)
    wanted = args.function.strip()
    every = range(len(instance.module.func_type_indexes))
    func = next((f for f in every if wanted in (str(f), symbols.func(f), symbols.func(f).removeprefix("$"))), None)
    if func is None:
        raise UserError(f"{instance.name} has no function {wanted!r}", "info functions lists them")
    at = instance.func_ref_at(func)
    if at is None:
        yield note(f"{symbols.func_text(func)} has no VMFuncRef: the module never takes a reference to it")
        return
    if session.machine.code_at(session.machine.read_func_ref(at).code) is None:
        yield line(f"the VMFuncRef of {symbols.func_text(func)} lies at {runtime.address(at)}; it was not written yet")
        return
    yield from runtime.telescope(telescope.chain(session, hex(at)))


def _layout(context: Context, args: Namespace) -> Iterable[Line]:
    """The module in the machine's era, or in releases that are named, each beside the one before it."""
    session = context.session
    module, here = session.instance().module, session.machine.layouts.era
    named = [chosen(text) for text in args.releases]
    return lab.layouts([lay_out(module, era) for era in (here, *named)], structs=False)


def _image(context: Context, args: Namespace) -> Iterator[Line]:
    """Every memory's image, and what became of its pages."""
    session = context.session
    instance = session.instance()
    info = session.machine.compiled(instance.module)
    if not instance.memories:
        yield note("no memories")
    for index, memory in enumerate(instance.memories):
        name, image = session.inspect.symbols(instance).memory(index), info.memory_image(index)
        if image is None:
            yield heading(f"memory {name}: no image: it begins empty, or is written segment by segment")
        else:
            size = len(image.data) // PAGE_BYTES
            pages = f"{size:,} page{'s' if size > 1 else ''}"
            yield heading(f"memory {name}: an image of {pages} at {image.start:#x}, module {info.unique_id}")
        yield from columns(_runs(page_states(memory, image)))


def _runs(states: Iterable[tuple[int, PageState]]) -> Iterator[list[Part]]:
    """Pages of one state in a row."""
    for state, pages in groupby(states, key=itemgetter(1)):
        numbers = [number for number, _ in pages]
        start, end = numbers[0] * PAGE_BYTES, (numbers[-1] + 1) * PAGE_BYTES
        role = Role.CHANGED if state is PageState.DIRTIED else Role.DIM if state is PageState.UNTOUCHED else Role.PLAIN
        pages_ = f"{len(numbers):,} page" + ("s" if len(numbers) > 1 else "")
        yield [f"  {start:#010x} .. {end:#010x}", pages_, (state.value, role)]


COMMANDS = (
    Command("info layout", _FAMILY, "the module's VMContext in other releases too: info layout [wasmtime@36 ...]",
            _layout, (), many("RELEASE", "releases")),
    Command("info image", _FAMILY, "memories' initial contents, and which pages were written since", _image),
    Command("ustep", _FAMILY, "one micro-step: what compiled code does for the instruction, load by load; then step",
            _ustep, ("ui",), again=Again.SAME),
    Command("info microsteps", _FAMILY, "what compiled code does for the instruction at pc", _info_microsteps),
    Command("info builtins", _FAMILY, "the runtime functions that compiled code calls, by index", _builtins),
    Command("info funcref", _FAMILY, "a function's VMFuncRef: info funcref FUNCTION", _func_ref, (),
            one("FUNCTION", "function"), whole),
)  # fmt: skip
