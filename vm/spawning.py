"""Starting guest threads, as wasi-threads does: an instance for each, on the same shared memory."""

from __future__ import annotations

from vm.errors import LinkError, Trap
from vm.instance import Instance
from vm.machine import Machine
from vm.types import I32, Addr, ExternKind, FuncType

START = "wasi_thread_start"
START_TYPE = FuncType((I32, I32), ())
_FAILED = 0xFFFF_FFFF  # -1


def spawn(machine: Machine, caller: Instance | None, arg: int) -> int:
    """The new thread's number; -1 as an i32 where there can be none. The current thread stays the current one."""
    if caller is None or machine.thread_instance is None:
        return _FAILED
    export = caller.module.export(START)
    if export is None or export.kind is not ExternKind.FUNC or caller.module.func_type(export.index) != START_TYPE:
        return _FAILED
    before = machine.current.number
    try:
        instance = machine.thread_instance(caller)
        thread = machine.add_thread()
        machine.switch(thread.number)
        thread.record.set("next_vmctx", instance.addr)
        thread.record.set("next_func", export.index)
        thread.record.set("next_arg", arg)
        _begin(machine, instance)
    except (LinkError, Trap):
        return _FAILED
    finally:
        machine.switch(before)
    return thread.number


def _begin(machine: Machine, instance: Instance) -> None:
    """A start function comes first: it runs once in every thread."""
    if instance.module.start is not None:
        machine.begin((instance, instance.module.start), ())
    else:
        go_on(machine)


def go_on(machine: Machine) -> bool:
    """Calls what the current thread is to call next; False: its work is over."""
    record = machine.thread
    vmctx, func, arg = (record.get(name) for name in ("next_vmctx", "next_func", "next_arg"))
    instance = machine.instance_at(vmctx)
    if instance is None:
        return False
    record.set("next_vmctx", Addr(0))
    machine.clear_call()
    machine.begin((instance, func), (machine.current.number, arg))
    return True
