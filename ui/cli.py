"""The command line. What a mode needs is imported when it is chosen, so that each starts fast."""

from __future__ import annotations

import argparse
import gc
import os
import shlex
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NoReturn

from debugger.executors import ExecutorKind
from debugger.launch import Options
from ui import exits
from ui.executor_option import add_executor_option, cache_folder
from ui.runtime_option import add_runtime_option, era_from
from ui.start import (
    DEFAULT_HISTORY_MEMORY,
    DEFAULT_LOG_LIMIT,
    Start,
    WorldArgs,
    add_program_options,
    add_source_maps,
    parse_preload,
    size,
    source_maps,
    start_from,
)
from ui.text import safe
from vm.errors import UserError, WasmscopeError

_RUN_LOG, _RUN_HISTORY = 64 << 20, 128 << 20  # bytes: `run` looks back only to explain a trap
_DESCRIPTION = "Debugs a WebAssembly module: step, breakpoints, memory, and the runtime's own structures."
_EPILOG = """\
wasmscope run MODULE [-- ARGS]     run it without the debugger
wasmscope replay FILE [MODULE]     debug a recorded run, made with --record FILE
wasmscope open FILE                a session as it was saved: run, breakpoints, notes, position
wasmscope core MODULE DUMP         a core dump of it: ours can go on from there
wasmscope serve MODULE [-- ARGS]   the same screen in a browser on this machine
wasmscope inspect MODULE           what is in it: sections, imports, exports, functions, disassembly
wasmscope wast FILE|DIR...         run test scripts of the specification; --debug opens a failing one
wasmscope layout MODULE            what its VMContext looks like in any release of a runtime
wasmscope live MODULE              its structures in a real Wasmtime, in this process
wasmscope capture FILE             the memory of a real runtime's instance, decoded
"""


class Parser(argparse.ArgumentParser):
    """An argparse parser whose errors are ours: one line, exit code 2."""

    def error(self, message: str) -> NoReturn:
        raise UserError(message, f"{self.prog} --help")


# A large module is a million objects and no garbage: looking through them again and again took a quarter of the time.
_COLLECTED_AFTER = (50_000, 20, 100)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    _open_streams()
    gc.set_threshold(*_COLLECTED_AFTER)
    if sys.platform == "win32":
        return _failed("Windows is not supported; it runs in WSL")
    try:
        code = _dispatch(words)
        sys.stdout.flush()
        return code
    except WasmscopeError as error:
        return _failed(str(error))
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
        return exits.BROKEN_PIPE
    except OSError as error:
        if error.filename is not None:
            raise
        _forget_stdout()
        return _failed(f"output cannot be written: {error.strerror}")


def _open_streams() -> None:
    """Standard streams that are closed lead nowhere, so that no file opened later is taken for one."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free: this one
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


def _failed(text: str) -> int:
    sys.stdout.flush()
    with suppress(OSError):  # where it would be said is full or gone: the code says it
        sys.stderr.write(f"wasmscope: {safe(text)}\n")
        sys.stderr.flush()
    return exits.FAILED


def _forget_stdout() -> None:
    """So that the interpreter does not complain when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _dispatch(words: list[str]) -> int:
    match words[:1]:
        case ["run"]:
            return _run(words[1:])
        case ["replay"]:
            return _replay(words[1:])
        case ["open"]:
            return _open_session(words[1:])
        case ["core"]:
            return _core(words[1:])
        case ["inspect"]:
            return _inspect(words[1:])
        case ["serve"]:
            return _serve(words[1:])
        case ["wast"]:
            return _wast(words[1:])
        case ["live"]:
            return _live(words[1:])
        case ["layout"]:
            return _layout(words[1:])
        case ["capture"]:
            return _capture(words[1:])
        case _:
            return _debug(words)


def _split(words: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """Our words, and the program's: those after `--`."""
    if "--" not in words:
        return words, ()
    at = words.index("--")
    return words[:at], tuple(words[at + 1 :])


# -- run and inspect -------------------------------------------------------------------------------


def _run(words: list[str]) -> int:
    from ui.run import Kept, run_program

    parser = Parser(prog="wasmscope run", description="Runs a module without the debugger.", allow_abbrev=False)
    parser.add_argument("module", metavar="MODULE")
    parser.add_argument("--coredump", metavar="FILE", type=Path, help="write a core dump here if it traps")
    traces = parser.add_argument_group("what ran, written at the end")
    traces.add_argument("--trace", metavar="FILE", type=Path, help="every instruction")
    traces.add_argument("--trace-what", choices=["instructions", "calls", "memory", "host"], default="instructions",
                        help="what --trace writes: calls, accesses to memories, calls of host functions")  # fmt: skip
    traces.add_argument("--trace-format", choices=["binary", "jsonl", "parquet"],
                        help="of --trace; by the file's name when not given, else jsonl")  # fmt: skip
    traces.add_argument("--coverage", metavar="FILE", type=Path, help="functions, lines, branches: .info or .html")
    traces.add_argument("--profile", metavar="FILE", type=Path, help="instructions by path: .svg, else folded stacks")
    add_program_options(parser)
    ours, program = _split(words)
    args = parser.parse_args(ours)
    commands = _commands_of(args)
    keeps = args.record is not None or bool(commands)
    args.log_limit, args.history_memory = DEFAULT_LOG_LIMIT if keeps else _RUN_LOG, _RUN_HISTORY
    return run_program(start_from(args, program), Kept(args.coredump, commands))


def _commands_of(args: argparse.Namespace) -> tuple[str, ...]:
    """The commands that write what a run is to leave. What cannot be written is said before it begins."""
    found = []
    if args.trace is not None:
        from debugger.traces.tables import check, format_of

        chosen = format_of(args.trace, args.trace_format)
        check(chosen, instructions=args.trace_what == "instructions")
        found.append(f"trace {args.trace_what} --trace-format {chosen.value} -- {shlex.quote(str(args.trace))}")
    elif args.trace_format is not None or args.trace_what != "instructions":
        raise UserError("there is no file to write the trace to", "--trace FILE")
    if args.coverage is not None:
        from ui.command_profile import check_file

        check_file(args.coverage)
        found.append(f"coverage -- {shlex.quote(str(args.coverage))}")
    if args.profile is not None:
        found.append(f"profile -- {shlex.quote(str(args.profile))}")
    return tuple(found)


def _replay(words: list[str]) -> int:
    from debugger.recording import load, options_of

    parser = _replay_parser("replay", "Debugs a recorded run: the same inputs, from its beginning.",
                            "a recording, as --record FILE writes it")  # fmt: skip
    args = parser.parse_args(words)
    recording = load(args.file)
    options = _again(options_of(recording, args.module, args.file), args)
    start = Start(options, WorldArgs(), executor=ExecutorKind(args.executor), recording=recording)
    return _open(start, args)


def _open_session(words: list[str]) -> int:
    from debugger.kept import load
    from debugger.recording import options_of

    parser = _replay_parser("open", "Opens a session where it was left: its run, breakpoints, watches and notes.",
                            "a session file, as the command save writes it")  # fmt: skip
    args = parser.parse_args(words)
    recording, kept = load(args.file)
    options = _again(options_of(recording, args.module, args.file), args)
    start = Start(options, WorldArgs(), executor=ExecutorKind(args.executor), recording=recording, kept=kept)
    return _open(start, args)


def _again(options: Options, args: argparse.Namespace) -> Options:
    """What was run before, as it is to be run here."""
    return replace(options, history_bytes=args.history_memory, source_maps=source_maps(args), cache=cache_folder())


def _replay_parser(name: str, description: str, file: str) -> Parser:
    parser = Parser(prog=f"wasmscope {name}", description=description, allow_abbrev=False)
    parser.add_argument("file", metavar="FILE", type=Path, help=file)
    parser.add_argument(
        "module", metavar="MODULE", type=Path, nargs="?", help="the module, when it is not where it was"
    )
    parser.add_argument("--history-memory", metavar="SIZE", type=size, default=DEFAULT_HISTORY_MEMORY,
                        help="how much memory checkpoints take (512M)")  # fmt: skip
    add_source_maps(parser)
    add_executor_option(parser)
    _add_modes(parser).add_argument("--json", action="store_true",
                                    help="with --batch or -ex: events as JSON, one a line")  # fmt: skip
    return parser


def _core(words: list[str]) -> int:
    from ui.core import core_start

    ours, program = _split(words)
    parser = _debug_parser("wasmscope core", usage="wasmscope core [OPTIONS] MODULE DUMP")
    parser.add_argument("dump", metavar="DUMP", type=Path, help="a core dump of a program of that module")
    args = parser.parse_args(ours)
    return _open(core_start(start_from(args, program), args.dump), args)


def _inspect(words: list[str]) -> int:
    from ui.contents import run_inspect

    parser = Parser(prog="wasmscope inspect", description="Shows what is in a module.", allow_abbrev=False)
    parser.add_argument("module", metavar="MODULE", type=Path)
    parser.add_argument("--json", action="store_true", help="as one JSON object")
    parser.add_argument("--disassemble", metavar="FUNC", help="one function's code, by name or index; * for all")
    parser.add_argument(
        "--executor", action="store_true", help="how many instructions run in native code, and which not"
    )
    args = parser.parse_args(words)
    return run_inspect(args.module, as_json=args.json, disassemble=args.disassemble, executor=args.executor)


def _wast(words: list[str]) -> int:
    from ui.wast import How, debug_start, run_scripts

    parser = Parser(prog="wasmscope wast", description="Runs test scripts of the specification.", allow_abbrev=False)
    parser.add_argument("paths", metavar="FILE|DIR", nargs="+", type=Path)
    parser.add_argument("--json", action="store_true", help="one JSON object a script, then the totals")
    parser.add_argument("--debug", action="store_true",
                        help="open the debugger inside the action of the first failing assertion")  # fmt: skip
    parser.add_argument("--line", metavar="N", type=int, help="with --debug: at the entry of that line's action")
    parser.add_argument("--canonical-nan", action="store_true", help="arithmetic makes only canonical NaNs")
    add_executor_option(parser)
    add_runtime_option(parser)
    _add_modes(parser)
    args = parser.parse_args(words)
    how = How(ExecutorKind(args.executor), args.canonical_nan, era=era_from(args))
    if not args.debug:
        return run_scripts(args.paths, how, as_json=args.json)
    if len(args.paths) > 1 or args.paths[0].is_dir():
        parser.error("--debug takes one script")
    return _open(debug_start(args.paths[0], args.line, how), args)


def _layout(words: list[str]) -> int:
    from ui.layout import run_eras, run_layout

    parser = Parser(
        prog="wasmscope layout", description="Shows how releases of a runtime lay a module's structures out.",
        allow_abbrev=False,
    )  # fmt: skip
    parser.add_argument("module", metavar="MODULE", type=Path, nargs="?")
    parser.add_argument("--runtime", metavar="NAME@VERSION", action="append", default=[],
                        help="of this release: wasmtime@36 (repeatable: side by side, and what differs)")  # fmt: skip
    parser.add_argument("--pointer-width", metavar="BITS", type=int, choices=(32, 64), action="append", default=[],
                        help="of the target: 32 or 64 (repeatable)")  # fmt: skip
    forms = parser.add_mutually_exclusive_group()
    for form, what in (("json", "as one JSON object"), ("svg", "as a drawing"), ("html", "as a page")):
        forms.add_argument(f"--{form}", dest="form", action="store_const", const=form, default="text", help=what)
    parser.add_argument("--full", action="store_true", help="draw every element of long arrays")
    parser.add_argument("--eras", action="store_true", help="list the layouts that are known")
    args = parser.parse_args(words)
    if args.eras:
        return run_eras(args.form == "json")
    if args.module is None:
        parser.error("a module is missing")
    return run_layout(args.module, args.runtime, args.pointer_width, args.form, full=args.full)


def _live(words: list[str]) -> int:
    from ui.live import LiveOptions, run_live

    parser = Parser(
        prog="wasmscope live", description="Runs a module in a real Wasmtime in this process and reads its memory.",
        allow_abbrev=False,
    )  # fmt: skip
    parser.add_argument("module", metavar="MODULE", type=Path)
    parser.add_argument("--invoke", metavar="NAME", nargs="+", action="append", default=[],
                        help="call this export with the words that follow (repeatable)")  # fmt: skip
    parser.add_argument("--preload", metavar="NAME=FILE", action="append", default=[],
                        help="a module whose exports can be imported under a name (repeatable)")  # fmt: skip
    parser.add_argument("--compare", action="store_true",
                        help="run the same calls in our machine and list every byte that differs")  # fmt: skip
    parser.add_argument("--save", metavar="FILE", type=Path, help="write a capture after the calls")
    parser.add_argument("--json", action="store_true", help="as one JSON object")
    parser.add_argument("--text", action="store_true", help="lines instead of the full screen")
    ours, program = _split(words)
    args = parser.parse_args(ours)
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    return run_live(
        LiveOptions(
            args.module,
            tuple(map(tuple, args.invoke)),
            tuple(map(parse_preload, args.preload)),
            program,
            args.save,
            args.compare,
            args.json,
            terminal and not (args.text or args.compare or args.json or args.save),
        )
    )


def _capture(words: list[str]) -> int:
    from ui.capture import run_capture

    parser = Parser(
        prog="wasmscope capture", description="Decodes the memory of a real runtime's instance.", allow_abbrev=False
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="a capture, as wasmscope live --save writes it")
    parser.add_argument("--json", action="store_true", help="as one JSON object")
    parser.add_argument("--text", action="store_true", help="lines instead of the full screen")
    args = parser.parse_args(words)
    screen = sys.stdin.isatty() and sys.stdout.isatty() and not (args.json or args.text)
    return run_capture(args.file, as_json=args.json, screen=screen)


def _serve(words: list[str]) -> int:
    ours, program = _split(words)
    ports = Parser(prog="wasmscope serve", add_help=False, allow_abbrev=False)
    ports.add_argument("--port", metavar="N", type=_port, default=0, help="of 127.0.0.1; 0: any that is free")
    found, rest = ports.parse_known_args(ours)
    parser = _debug_parser("wasmscope serve", (ports,))
    args = parser.parse_args(rest)
    if args.module is None:
        parser.error("a module is missing")
    start_from(args, program)  # what is wrong is said here, not in the browser
    if not Path(args.module).is_file():
        raise UserError(f"{args.module}: there is no such file")
    from ui.serve.server import run_server

    return run_server([*rest, *(["--", *program] if program else [])], found.port)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port")
    return int(text)


# -- the debugger ----------------------------------------------------------------------------------


def _debug(words: list[str]) -> int:
    parser = _debug_parser()
    ours, program = _split(words)
    args = parser.parse_args(ours)
    if args.module is None:
        parser.error("a module is missing")
    return _open(start_from(args, program), args)


def _open(start: Start, args: argparse.Namespace) -> int:
    """Opens a front end on a program."""
    if args.batch is not None or args.ex or args.json:
        from ui.batch import run_batch

        return run_batch(start, args.batch, args.ex, as_json=args.json)
    if not (sys.stdin.isatty() and sys.stdout.isatty()) and "TEXTUAL_DRIVER" not in os.environ:
        raise UserError("this is no terminal", "use --batch FILE, -ex CMD, or wasmscope run")
    if args.repl:
        from ui.repl.app import run_repl

        return run_repl(start)
    from ui.tui.run import run_tui

    return run_tui(start, args.keys)


def _debug_parser(prog: str = "wasmscope", parents: Sequence[Parser] = (), usage: str = "") -> Parser:
    parser = Parser(
        prog=prog, description=_DESCRIPTION, epilog=_EPILOG, allow_abbrev=False, parents=parents,
        usage=usage or f"{prog} [OPTIONS] MODULE [-- ARGS]", formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("module", metavar="MODULE", nargs="?", help="a .wasm or .wat file")
    parser.add_argument("--version", action="version", version=f"wasmscope {_version()}")
    _add_modes(parser).add_argument("--json", action="store_true",
                                    help="with --batch or -ex: events as JSON, one a line")  # fmt: skip
    parser.add_argument("--log-limit", metavar="SIZE", type=size, default=DEFAULT_LOG_LIMIT,
                        help="how much of the program's input is kept for going back")  # fmt: skip
    parser.add_argument("--history-memory", metavar="SIZE", type=size, default=DEFAULT_HISTORY_MEMORY,
                        help="how much memory checkpoints take (512M)")  # fmt: skip
    add_program_options(parser)
    return parser


def _add_modes(parser: Parser) -> argparse._ArgumentGroup:
    """The options that choose a front end."""
    mode = parser.add_argument_group("the debugger")
    mode.add_argument("--repl", action="store_true", help="a prompt instead of the full screen")
    mode.add_argument("--keys", choices=("default", "vim", "gdb"), default="", help="the keys of the full screen")
    mode.add_argument("--batch", metavar="FILE", help="run a file of commands; - reads standard input")
    mode.add_argument("-ex", metavar="CMD", action="append", default=[], help="run a command (repeatable)")
    return mode


def _version() -> str:
    try:
        return version("wasmscope")
    except PackageNotFoundError:
        return "(not installed)"
