"""Sites with guards, watches and notes: what both executors see, and when."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

from debugger.executors import ExecutorKind, MakeExecutor, executor_maker
from tests.bench.programs import WORKLOADS, source
from tests.worlds import World
from vm.host import HostCall, HostFunction, Outcome, Return
from vm.state import state_hash
from vm.stop import Access, Hooks, Note, Site, Stop, StopKind, Watch
from vm.trace import Trace
from vm.types import Addr, FuncType, NumType

NATIVE, REFERENCE = executor_maker(ExecutorKind.NATIVE), executor_maker(ExecutorKind.REFERENCE)
BOTH = pytest.mark.parametrize("make", [NATIVE, REFERENCE], ids=["native", "reference"])

TOUCHES = """(module
  (import "host" "scribble" (func $scribble (param i32)))
  (type $point (struct (field (mut i32)) (field (mut i64))))
  (type $row (array (mut i16)))
  (type $none (func))
  (memory 1 3) (memory $far 1)
  (global $g (mut i64) (i64.const 0)) (global $v (mut v128) (v128.const i64x2 1 2))
  (table $t 4 6 funcref) (elem (i32.const 0) $nothing)
  (data $d "abcdefgh")
  (elem declare func $nothing)
  (func $nothing)
  (func (export "run") (param $n i32) (local $p (ref $point)) (local $r (ref $row))
    (local.set $p (struct.new $point (i32.const 1) (i64.const 2)))
    (local.set $r (array.new $row (i32.const 3) (i32.const 40)))
    (loop $again
      (i32.store (local.get $n) (i32.const 7))
      (i64.store16 $far (i32.add (local.get $n) (i32.const 8)) (i64.const 1))
      (i32.store8 (i32.const 64) (i32.load8_u (i32.sub (i32.const 100) (local.get $n))))
      (v128.store offset=32 (local.get $n) (v128.load (i32.const 60)))
      (v128.store64_lane 1 (i32.const 80) (v128.const i64x2 5 6))
      (drop (i32.atomic.rmw.add (i32.const 96) (i32.const 1)))
      (drop (i32.atomic.rmw.cmpxchg (i32.const 96) (i32.const 3) (i32.const 9)))
      (memory.fill (i32.const 120) (local.get $n) (i32.const 5))
      (memory.copy (i32.const 130) (i32.const 118) (local.get $n))
      (memory.init $d (i32.const 140) (i32.const 2) (i32.const 3))
      (global.set $g (i64.add (global.get $g) (i64.const 1)))
      (global.set $v (i8x16.splat (local.get $n)))
      (table.set $t (i32.rem_u (local.get $n) (i32.const 4)) (ref.func $nothing))
      (call_indirect $t (type $none) (i32.const 0))
      (drop (table.get $t (i32.const 1)))
      (table.fill $t (i32.const 2) (ref.null func) (i32.const 2))
      (struct.set $point 1 (local.get $p) (i64.extend_i32_u (local.get $n)))
      (array.set $row (local.get $r) (local.get $n) (struct.get $point 0 (local.get $p)))
      (array.fill $row (local.get $r) (i32.const 30) (i32.const 1) (i32.const 2))
      (array.copy $row $row (local.get $r) (i32.const 0) (local.get $r) (i32.const 5) (i32.const 4))
      (call $scribble (local.get $n))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (drop (memory.grow (i32.const 1))) (drop (table.grow $t (ref.null func) (i32.const 1)))
    (data.drop $d)))"""


def _scribble(call: HostCall) -> Outcome:
    assert call.memory is not None
    call.memory.write(200 + call.args[0] % 4, bytes([call.args[0]]))
    return Return()


def touches(make: MakeExecutor) -> World:
    host = HostFunction("host", "scribble", FuncType((NumType.I32,), ()), _scribble)
    each = World(TOUCHES, {("host", "scribble"): host})
    each.executor = make(each.machine)
    each.begin("run", 20)
    return each


def workload(name: str, make: MakeExecutor) -> World:
    each = World(source(name))
    each.executor = make(each.machine)
    each.begin("run", max(2, WORKLOADS[name] // 20))
    return each


def places(world: World) -> list[tuple[Addr, int]]:
    """Native memory in which something may be watched: (start, size)."""
    instance, found = world.instance, []
    for memory in instance.memories:
        found.append((memory.region.base, 256))
        found.append((memory.definition, 16))
    for table in instance.tables:
        found.append((table.region.base, table.size * table.element_bytes))
    found += [(g.storage, 8) for g in instance.globals]
    if world.machine.gc.region is not None:
        found.append((world.machine.gc.region.base, 256))
    return [(Addr(start), size) for start, size in found]


def some_watches(chance: random.Random, world: World, count: int) -> tuple[Watch, ...]:
    made = []
    for _ in range(count):
        start, size = chance.choice(places(world))
        first = chance.randrange(size)
        how = chance.choice([(True, False), (False, True), (True, True)])
        made.append(Watch(Addr(start + first), min(chance.choice([1, 2, 4, 8, 40]), size - first), *how))
    return tuple(made)


def some_sites(chance: random.Random, world: World, count: int) -> frozenset[Site]:
    instance, module = world.instance, world.instance.module
    funcs = range(module.num_imported_funcs, len(module.func_type_indexes))
    all_ = [
        Site(instance.addr, func, pc)
        for func in funcs
        for pc, instr in enumerate(instance.facts(func).instrs)
        if instr.operands is not None
    ]
    return frozenset(chance.sample(all_, min(count, len(all_))))


def odd(frame: memoryview) -> bool:
    return bool(frame[0] & 1)


def seen(world: World, stop: Stop) -> tuple[object, ...]:
    control = world.machine.control
    where = control.top if control.depth else None
    at = None if stop.access is None else world.machine.space.locate(stop.access.start, 1)
    access = at and (at[0].name, at[1], *(stop.access or ())[1:])
    return stop.kind, access, world.machine.tick, where and (where.func, where.pc), state_hash(world.machine)


def moved(hooks: Hooks, frm: World, to: World) -> Hooks:
    """The same watches in another machine."""
    watches = []
    for watch in hooks.watches:
        number, offset = next(
            (i, watch.start - start) for i, (start, size) in enumerate(places(frm)) if 0 <= watch.start - start < size
        )
        watches.append(watch._replace(start=Addr(places(to)[number][0] + offset)))
    guards = {Site(to.instance.addr, s.func, s.pc): guard for s, guard in hooks.guards.items()}
    return Hooks(guards, tuple(watches), hooks.note, hooks.trace)


Making = Callable[[MakeExecutor], World]
PROGRAMS: dict[str, Making] = {
    "touches": touches,
    **{name: (lambda make, name=name: workload(name, make)) for name in ("sieve", "hash", "bulk", "indirect")},
}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("program", PROGRAMS)
def test_both_executors_see_the_same_at_the_same_time(program: str, seed: int) -> None:
    chance = random.Random(f"{program} {seed}")
    native, reference = (PROGRAMS[program](make) for make in (NATIVE, REFERENCE))
    for each in (native, reference):
        each.executor.run(4)  # past where the heap is made
    sites = some_sites(chance, native, 3)
    guards = {site: odd for site in sites if chance.random() < 0.5}
    hooks = Hooks(guards, some_watches(chance, native, chance.choice([1, 2, 4])))
    for _ in range(150):
        budget = chance.choice([None, None, 7, 100, 1000])
        stops = [
            seen(each, each.executor.run(budget, _sites_in(each, sites), moved(hooks, native, each)))
            for each in (native, reference)
        ]
        assert stops[0] == stops[1]
        if stops[0][0] is StopKind.FINISHED:
            break


def _sites_in(world: World, sites: frozenset[Site]) -> frozenset[Site]:
    return frozenset(site._replace(vmctx=world.instance.addr) for site in sites)


def _stops(world: World, sites: frozenset[Site], hooks: Hooks) -> Iterator[tuple[int, StopKind]]:
    """Ticks at which what stopped a run began."""
    while (stop := world.executor.run(None, sites, hooks)).kind in (StopKind.SITE, StopKind.WATCH):
        yield world.machine.tick - (stop.kind is StopKind.WATCH), stop.kind
    assert stop.kind is StopKind.FINISHED


@BOTH
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("program", ["touches", "sieve"])
def test_what_is_noted_is_what_would_have_stopped(program: str, seed: int, make: MakeExecutor) -> None:
    chance = random.Random(f"note {program} {seed}")
    worlds = [PROGRAMS[program](make) for _ in range(3)]
    for each in worlds:
        each.executor.run(4)
    sites = some_sites(chance, worlds[0], 2)
    if seed % 2:
        hooks, sites = Hooks({}, some_watches(chance, worlds[0], 2)), frozenset()
    else:
        hooks = Hooks(dict.fromkeys(list(sites)[:1], odd))
    stops = list(_stops(worlds[0], _sites_in(worlds[0], sites), hooks))
    note = Note()
    noted = moved(Hooks(hooks.guards, hooks.watches, note), worlds[0], worlds[1])
    assert worlds[1].executor.run(None, _sites_in(worlds[1], sites), noted).kind is StopKind.FINISHED
    assert note.hits == len(stops)
    assert note.last_tick == (stops[-1][0] if stops else None)
    if len(stops) > 2:
        nth = chance.randrange(1, len(stops))
        note = Note(stop_at=nth)
        noted = moved(Hooks(hooks.guards, hooks.watches, note), worlds[0], worlds[2])
        stop = worlds[2].executor.run(None, _sites_in(worlds[2], sites), noted)
        assert (worlds[2].machine.tick - (stop.kind is StopKind.WATCH), stop.kind) == stops[nth - 1]
        assert note.last_tick == stops[nth - 1][0]


@BOTH
@pytest.mark.parametrize("seed", range(5))
def test_no_change_is_missed(seed: int, make: MakeExecutor) -> None:
    """Compared with running one instruction after another and looking every time."""
    chance = random.Random(f"change {seed}")
    watched, stepped = touches(make), touches(REFERENCE)
    for each in (watched, stepped):
        each.executor.run(4)
    (watch,) = some_watches(chance, watched, 1)
    hooks = Hooks({}, (watch._replace(reads=False, writes=True),))
    (same,) = moved(hooks, watched, stepped).watches
    changes, space = [], stepped.machine.space
    while True:
        before, tick = space.read(same.start, same.size), stepped.machine.tick
        finished = stepped.executor.run(1).kind is StopKind.FINISHED
        if space.read(same.start, same.size) != before:
            changes.append(tick)
        if finished:
            break
    stops = {tick for tick, _ in _stops(watched, frozenset(), hooks)}
    assert stops >= set(changes)


@BOTH
def test_a_false_guard_does_not_hinder_a_pause(make: MakeExecutor) -> None:
    each = World('(module (func (export "run") (loop $l (br $l))))')
    each.executor = make(each.machine)
    each.begin("run")
    answers = iter([False] * 10 + [True] * 3)
    each.machine.pause_requested = lambda: next(answers)
    site = Site(each.instance.addr, 0, 0)
    stop = each.executor.run(None, {site}, Hooks({site: lambda frame: False}))
    assert stop.kind in (StopKind.PAUSED, StopKind.BUDGET)


@BOTH
def test_an_access_that_traps_touches_nothing(make: MakeExecutor) -> None:
    each = World('(module (memory 1) (func (export "run") (i32.store (i32.const 65534) (i32.const 1))))')
    each.executor = make(each.machine)
    each.begin("run")
    last = Watch(Addr(each.instance.memories[0].region.base + 65534), 2, True, True)
    note = Note()
    assert each.executor.run(None, frozenset(), Hooks({}, (last,), note)).kind is StopKind.TRAP
    assert note.hits == 0


def test_an_access_is_seen_where_it_overlaps() -> None:
    watch = Watch(Addr(100), 4, reads=False, writes=True)
    assert watch.sees(Access(Addr(103), 1, reads=True, writes=True))
    assert watch.sees(Access(Addr(90), 11, reads=False, writes=True))
    assert not watch.sees(Access(Addr(104), 4, reads=False, writes=True))
    assert not watch.sees(Access(Addr(100), 4, reads=True, writes=False))


def test_watches_leave_no_trace() -> None:
    """A run after one with watches stops at none."""
    each = touches(NATIVE)
    start, size = places(each)[0]
    assert each.executor.run(None, frozenset(), Hooks({}, (Watch(start, size, True, True),))).kind is StopKind.WATCH
    assert each.executor.run(None).kind is StopKind.FINISHED


# -- traces ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_trace_has_every_instruction_that_ran(program: str, seed: int) -> None:
    """Compared with running one instruction after another, over stops of all kinds."""
    chance = random.Random(f"trace {program} {seed}")
    native, reference, stepped = (PROGRAMS[program](make) for make in (NATIVE, REFERENCE, REFERENCE))
    sites = some_sites(chance, native, 3)
    watches = some_watches(chance, native, 1) if seed % 2 else ()
    traces = [Trace(60_000) for _ in range(2)]
    guards = {site: odd for site in sites if chance.random() < 0.5}
    for _ in range(12):
        budget = chance.choice([1, 7, 100, 1000])
        for each, trace in zip((native, reference), traces, strict=True):
            hooks = moved(Hooks(guards, watches, trace=trace), native, each)
            stop = each.executor.run(budget, _sites_in(each, sites), hooks)
        if stop.kind is StopKind.FINISHED:
            break
    expected = []
    while stepped.machine.tick < native.machine.tick:
        record = stepped.machine.control.top
        if not record.is_host:
            expected.append((record.func, record.pc))
        stepped.executor.run(1)
    for trace in traces:
        assert [(func, pc) for _, func, pc in trace.instructions()] == expected


def test_a_ring_keeps_what_ran_last() -> None:
    each = workload("sieve", NATIVE)
    trace = Trace(100)
    each.executor.run(10_000, frozenset(), Hooks(trace=trace))
    kept = trace.instructions()
    record = each.machine.control.top
    assert 100 <= len(kept) < 2000
    assert kept[-1][1] == record.func
