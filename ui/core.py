"""`wasmscope core`: a core dump in the debugger."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from debugger.coredump.load import Loader
from debugger.coredump.read import read_dump
from debugger.launch import Program, Restored, program, read_file
from ui.start import Start
from vm.instance import Instance
from vm.machine import Machine


def core_start(start: Start, path: Path) -> Start:
    """What it takes to debug a dump of a program. Raises UserError."""
    dump = read_dump(read_file(path, "name a core dump"), str(path))
    described = program(start.options)

    def restore(machine: Machine, main: Instance) -> Restored:
        loader = Loader(dump, machine, main)
        resumes = loader.load()
        return Restored(resumes, tuple(loader.notes))

    return replace(start, program=Program(described.loaded, described.launch, restore=restore))
