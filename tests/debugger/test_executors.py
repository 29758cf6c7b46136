"""Choosing an executor: native code where it can be had."""

from __future__ import annotations

import subprocess
import sys

import pytest

import debugger.executors as executors
from debugger.executors import ExecutorKind, executor_maker
from tests.worlds import World
from vm.errors import UserError
from vm.reference.executor import ReferenceExecutor
from vm.stop import StopKind


def test_without_llvmlite_the_reference_runs_and_it_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    worlds = [World('(module (func (export "run")))') for _ in range(2)]
    monkeypatch.setattr(executors, "_problem", lambda: "no such library")
    for world in worlds:
        world.executor = executor_maker(ExecutorKind.AUTO, say=said.append)(world.machine)
        assert world.run("run").kind is StopKind.FINISHED
    assert len(said) == 1 and "no such library" in said[0]
    with pytest.raises(UserError, match="no such library"):
        executor_maker(ExecutorKind.NATIVE)


def test_the_reference_when_asked_for() -> None:
    assert executor_maker(ExecutorKind.REFERENCE) is ReferenceExecutor


def test_a_session_that_runs_nothing_loads_no_llvmlite() -> None:
    code = (
        "import sys; from debugger.executors import *; from vm.machine import Machine;"
        "executor_maker(ExecutorKind.AUTO)(Machine()); sys.exit('llvmlite' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
