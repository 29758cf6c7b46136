"""From parsed options to a session: the same for every front end."""

from __future__ import annotations

import argparse
import re
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from debugger.executors import ExecutorKind
from debugger.kept import Kept
from debugger.launch import DEFAULT_HISTORY_BYTES, Options, Program
from debugger.provide import parse_stub
from debugger.recording import Recording
from debugger.session import Session
from debugger.terminal import Sink
from debugger.world import RealWorld, parse_root
from ui.executor_option import add_executor_option, cache_folder, make_executor
from ui.runtime_option import add_runtime_option, era_from
from vm.errors import Trap, UserError
from vm.journal import DEFAULT_LIMIT_BYTES
from vm.machine import MachineLimits
from vm.memories import MemoryStyle
from vm.memory import CAN_MOVE
from vm.wasi.world import Stream

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


@dataclass(frozen=True)
class WorldArgs:
    """What a world is made from, but for what the front end does with output."""

    stdin: Path | int | None = None
    terminals: frozenset[Stream] = frozenset()


@dataclass(frozen=True)
class Start:
    """All that is needed to make a session."""

    options: Options
    world: WorldArgs
    program: Program | None = None  # None: what the options say
    executor: ExecutorKind = ExecutorKind.AUTO
    recording: Recording | None = None  # to be repeated
    kept: Kept | None = None  # what was found in it
    about: str = ""  # one line that the full screen begins with

    def open(
        self, on_output: Sink | None = None, wait_for_input: bool = False, validate_later: bool = False
    ) -> Session:
        """The session; nothing has run yet. Raises WasmscopeError."""
        roots = self.options.roots if self.recording is None else ()  # a recording's directories are names alone
        world = RealWorld(roots, stdin=self.world.stdin, on_output=on_output, terminals=self.world.terminals)
        with ExitStack() as undo:
            undo.callback(world.close)
            try:
                session = Session(
                    self.options, world, wait_for_input=wait_for_input,
                    validate_later=validate_later and self.program is None, program=self.program,
                    make_executor=make_executor(self.executor), recording=self.recording,
                )  # fmt: skip
            except Trap as trap:
                raise UserError(f"the module cannot be instantiated: it traps: {trap}") from None
            undo.pop_all()
        session.kept = self.kept
        return session


def add_program_options(parser: argparse.ArgumentParser) -> None:
    """The options about what runs and what it may use: shared by the debugger and `run`."""
    program = parser.add_argument_group("the program")
    program.add_argument("--invoke", metavar="NAME", nargs=argparse.PARSER, default=[],
                         help="call this export, not _start; the words that follow are its arguments")  # fmt: skip
    program.add_argument("--dir", metavar="HOST::GUEST", action="append", default=[],
                         help="give it a directory (repeatable)")  # fmt: skip
    program.add_argument("--env", metavar="NAME=VALUE", action="append", default=[],
                         help="set an environment variable (repeatable)")  # fmt: skip
    program.add_argument("--stdin", metavar="FILE", type=Path, help="its standard input")
    program.add_argument("--preload", metavar="NAME=FILE", action="append", default=[],
                         help="a module whose exports can be imported under a name (repeatable)")  # fmt: skip
    add_source_maps(program)
    program.add_argument("--stub", metavar="MODULE.NAME=VALUE|trap", action="append", default=[],
                         help="answer an import that nobody provides; * matches any (repeatable)")  # fmt: skip
    add_executor_option(program)
    add_runtime_option(program)
    program.add_argument("--memory", choices=[style.value for style in MemoryStyle], default=MemoryStyle.AUTO.value,
                         help="static: memories never move; dynamic: growth may move them; auto: static")  # fmt: skip
    program.add_argument("--record", metavar="FILE", type=Path,
                         help="write the run's inputs, to be repeated by wasmscope replay FILE")  # fmt: skip
    program.add_argument("--canonical-nan", action="store_true",
                         help="arithmetic makes only canonical NaNs (the deterministic profile)")  # fmt: skip
    limits = parser.add_argument_group("limits (sizes like 64M or 2G)")
    defaults = MachineLimits()
    limits.add_argument("--max-memory", metavar="SIZE", type=size, default=defaults.max_memory_bytes,
                        help="all linear memories together")  # fmt: skip
    limits.add_argument("--max-table-elements", metavar="N", type=size, default=defaults.max_table_elements,
                        help="all tables together")  # fmt: skip
    limits.add_argument("--max-frames", metavar="N", type=size, default=defaults.max_frames, help="depth of calls")
    limits.add_argument("--value-stack", metavar="SIZE", type=size, default=defaults.value_stack_bytes,
                        help="locals and operands of all frames")  # fmt: skip
    limits.add_argument("--max-gc-heap", metavar="SIZE", type=size, default=defaults.max_gc_heap_bytes,
                        help="the GC heap")  # fmt: skip
    limits.add_argument("--max-threads", metavar="N", type=size, default=defaults.max_threads, help="guest threads")
    limits.add_argument("--max-instances", metavar="N", type=size, default=defaults.max_instances,
                        help="instances of the store")  # fmt: skip


def size(text: str) -> int:
    """`64M` as a number. For argparse."""
    unit = text[-1:].upper() if text[-1:].upper() in _UNITS and not text[-1:].isdigit() else ""
    digits = text[: len(text) - len(unit)].replace("_", "")
    if not re.fullmatch(r"0*[1-9][0-9]{0,17}", digits):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size: try 64M or 1000")
    return int(digits) * _UNITS[unit]


def start_from(args: argparse.Namespace, program_args: tuple[str, ...]) -> Start:
    """What parsed options mean. Raises UserError."""
    options = Options(
        path=Path(args.module),
        args=program_args,
        invoke=tuple(args.invoke),
        roots=tuple(parse_root(text) for text in args.dir),
        env=tuple(_env(text) for text in args.env),
        preloads=tuple(parse_preload(text) for text in args.preload),
        stubs=tuple(parse_stub(text) for text in args.stub),
        cache=cache_folder(),
        source_maps=source_maps(args),
        canonical_nan=args.canonical_nan,
        memory_style=_memory_style(args.memory),
        era=era_from(args),
        limits=_limits(args),
        log_limit_bytes=args.log_limit,
        history_bytes=args.history_memory,
        record=args.record,
    )
    return Start(options, WorldArgs(args.stdin), executor=ExecutorKind(args.executor))


def _memory_style(text: str) -> MemoryStyle:
    style = MemoryStyle(text)
    if style is MemoryStyle.DYNAMIC and not CAN_MOVE:
        raise UserError("memories cannot move on this system", "--memory static")
    return style


def _limits(args: argparse.Namespace) -> MachineLimits:
    return MachineLimits(
        max_frames=args.max_frames,
        value_stack_bytes=args.value_stack,
        max_memory_bytes=args.max_memory,
        max_table_elements=args.max_table_elements,
        max_gc_heap_bytes=args.max_gc_heap,
        max_threads=args.max_threads,
        max_instances=args.max_instances,
    )


def _env(text: str) -> str:
    name, equals, _ = text.partition("=")
    if not name or not equals:
        raise UserError(f"{text!r} is not an environment variable", "give --env NAME=VALUE")
    return text


def add_source_maps(parser: argparse._ActionsContainer) -> None:
    parser.add_argument("--source-map", metavar="FROM=TO", action="append", default=[],
                        help="look for sources recorded below FROM below TO (repeatable)")  # fmt: skip


def source_maps(args: argparse.Namespace) -> tuple[tuple[str, str], ...]:
    """Raises UserError for what maps no paths."""
    return tuple(map(_source_map, args.source_map))


def _source_map(text: str) -> tuple[str, str]:
    start, equals, to = text.partition("=")
    if not start or not equals or not to:
        raise UserError(f"{text!r} maps no paths", "give --source-map FROM=TO")
    return start, to


def parse_preload(text: str) -> tuple[str, Path]:
    """`NAME=FILE`. Raises UserError."""
    name, equals, path = text.partition("=")
    if not name or not equals or not path:
        raise UserError(f"{text!r} is not a module to preload", "give --preload NAME=FILE")
    return name, Path(path)


DEFAULT_LOG_LIMIT, DEFAULT_HISTORY_MEMORY = DEFAULT_LIMIT_BYTES, DEFAULT_HISTORY_BYTES
