"""A failing assertion of a script as a program for the debugger: its action, with all that came before done."""

from __future__ import annotations

from pathlib import Path

from debugger.launch import Launched, Loaded, Phase, Program
from debugger.scratch import BOUNDARY
from debugger.wast.runner import Action, Failure, Reached, Runner
from debugger.wast.script import Script, read_script
from vm.errors import UserError
from vm.layout import Era
from vm.machine import Machine
from vm.module import ValidModule
from vm.stop import StopKind
from vm.wasi.descriptors import DescriptorTable
from vm.wasi.world import World


def script_at(path: Path) -> Script:
    """Reads a script file. Raises UserError."""
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 text, at byte {error.start:#x}") from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}", "name a .wast file or a folder of them") from None
    return read_script(text, path.name)


def action_at(script: Script, line: int, canonical_nan: bool = False, era: Era | None = None) -> tuple[Runner, Action]:
    """A store in which everything before the command at a line was done, and its action. Raises UserError."""
    runner = Runner(script, stop_line=line, canonical_nan=canonical_nan, era=era)
    try:
        runner.run()
    except Reached as reached:
        return runner, reached.action
    raise UserError(f"{script.name}:{line}: there is no action to stop in", "name the line of an assertion that calls")


def program_at(
    path: Path, line: int, inside: bool, canonical_nan: bool = False, era: Era | None = None
) -> Program:  # fmt: skip
    """The action of the command at a line; `inside`: stopped at its trap, or before its last instruction."""
    script = script_at(path)

    def launch(world: World) -> Launched:
        runner, action = action_at(script, line, canonical_nan, era)
        return _launched(runner.machine, action)

    runner, action = action_at(script, line, canonical_nan, era)
    module = action.instance.module
    stop_tick = _last_tick(runner, action) if inside else 0
    return Program(Loaded(path, ValidModule(module), None), launch, stop_tick)


def first_failure(path: Path, canonical_nan: bool = False, era: Era | None = None) -> Failure:
    """The first failure of a script. Raises UserError when there is none."""
    script = script_at(path)
    failures = Runner(script, canonical_nan=canonical_nan, era=era).run().failures
    if not failures:
        raise UserError(f"{path.name} passes: there is nothing to debug", "--line N stops in any assertion's action")
    return failures[0]


def _launched(machine: Machine, action: Action) -> Launched:
    machine.clear_call()
    machine.define_host(BOUNDARY)
    type_ = action.instance.module.func_type(action.func)
    phase = Phase(action.instance, action.func, type_, action.args, "action", True)
    descriptors = DescriptorTable.create(machine.space, machine.layouts, ())
    return Launched(machine, action.instance, descriptors, (phase,))


def _last_tick(runner: Runner, action: Action) -> int:
    """The tick before the action's last instruction; -1 when it does not end by itself."""
    machine = runner.machine
    machine.clear_call()
    machine.begin((action.instance, action.func), action.args)
    stop = runner.executor.run(runner.max_ticks)
    return machine.tick - 1 if stop.kind is StopKind.FINISHED else -1
