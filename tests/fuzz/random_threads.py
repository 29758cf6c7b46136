"""Programs of several threads at random: atomics of every width, plain accesses that race, waits, wakes and traps.

Every program ends: loops are counted and every wait has a timeout.
"""

from __future__ import annotations

import random

_WORDS = 8  # that all threads share, 8 bytes each, from address 0
_DONE = 128  # how many threads are through
_WIDTHS = {"i32": ("", "8", "16"), "i64": ("", "8", "16", "32")}
_CHANGES = ("add", "sub", "and", "or", "xor", "xchg")
_PLAIN = ("i32.store", "i64.store", "i32.store8", "i64.store32")
_MOST_ROUNDS, _MOST_STEPS, _MOST_WAIT_NS = 30, 8, 3_000
_TRAPS_ONE_IN = 6


class ThreadProgram:
    """One module; `text` is its wat. `_start` spawns threads, works like them and waits for all."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self.threads = self._rng.randrange(1, 5)
        kinds = self._rng.randrange(1, 4)
        work = "\n".join(self._work(i) for i in range(kinds))
        spawn = " ".join(f"(drop (call $spawn (i32.const {self._rng.randrange(kinds)})))" for _ in range(self.threads))
        self.text = f"""(module
  (import "env" "memory" (memory 1 2 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (table $t funcref (elem {" ".join(f"$work{i}" for i in range(kinds))}))
  (global $own (mut i64) (i64.const 0))
  {work}
  (func (export "wasi_thread_start") (param $id i32) (param $arg i32)
    (call_indirect $t (param i32) (local.get $id) (local.get $arg))
    (drop (i32.atomic.rmw.add (i32.const {_DONE}) (i32.const 1)))
    (drop (memory.atomic.notify (i32.const {_DONE}) (i32.const 9))))
  (func (export "_start") (local $seen i32)
    {spawn}
    (call $work0 (i32.const 0))
    (loop $l
      (local.set $seen (i32.atomic.load (i32.const {_DONE})))
      (if (i32.lt_u (local.get $seen) (i32.const {self.threads}))
        (then (drop (memory.atomic.wait32 (i32.const {_DONE}) (local.get $seen) (i64.const 5000))) (br $l))))
    (i64.store (i32.const 256) (global.get $own))))"""

    def _work(self, number: int) -> str:
        steps = " ".join(self._step() for _ in range(self._rng.randrange(2, _MOST_STEPS)))
        return f"""(func $work{number} (param $id i32) (local $n i32) (local $v i64)
    (local.set $n (i32.const {self._rng.randrange(1, _MOST_ROUNDS)}))
    (local.set $v (i64.extend_i32_u (local.get $id)))
    (loop $l {steps}
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))"""

    def _step(self) -> str:
        makers = (self._change, self._change, self._swap, self._load, self._store, self._wait, self._wake, self._race)
        return self._rng.choice(makers)()

    def _place(self) -> str:
        return f"(i32.const {8 * self._rng.randrange(_WORDS)})"

    def _atomic(self) -> tuple[str, str]:
        """A type and a width."""
        type_ = self._rng.choice(("i32", "i64"))
        return type_, self._rng.choice(_WIDTHS[type_])

    @staticmethod
    def _value(type_: str) -> str:
        return "(local.get $v)" if type_ == "i64" else "(i32.wrap_i64 (local.get $v))"

    @staticmethod
    def _keep(type_: str, value: str) -> str:
        wide = value if type_ == "i64" else f"(i64.extend_i32_u {value})"
        return f"(local.set $v (i64.add (i64.mul (local.get $v) (i64.const 31)) {wide}))"

    def _change(self) -> str:
        type_, width = self._atomic()
        name = f"{type_}.atomic.rmw{width}.{self._rng.choice(_CHANGES)}{'_u' if width else ''}"
        return self._keep(type_, f"({name} {self._place()} {self._value(type_)})")

    def _swap(self) -> str:
        type_, width = self._atomic()
        name = f"{type_}.atomic.rmw{width}.cmpxchg{'_u' if width else ''}"
        expected = f"({type_}.const {self._rng.randrange(3)})"
        return self._keep(type_, f"({name} {self._place()} {expected} {self._value(type_)})")

    def _load(self) -> str:
        type_, width = self._atomic()
        return self._keep(type_, f"({type_}.atomic.load{width}{'_u' if width else ''} {self._place()})")

    def _store(self) -> str:
        type_, width = self._atomic()
        return f"({type_}.atomic.store{width} {self._place()} {self._value(type_)})"

    def _wait(self) -> str:
        expected, ns = self._rng.randrange(2), self._rng.randrange(_MOST_WAIT_NS)
        wait = f"(memory.atomic.wait32 {self._place()} (i32.const {expected}) (i64.const {ns}))"
        return self._keep("i32", wait)

    def _wake(self) -> str:
        return self._keep("i32", f"(memory.atomic.notify {self._place()} (i32.const {self._rng.randrange(4)}))")

    def _race(self) -> str:
        """Accesses that are not atomic, the thread's own global, or seldom a trap."""
        if self._rng.randrange(_TRAPS_ONE_IN) == 0:
            return "(drop (i32.atomic.load (i32.const 3)))"
        if self._rng.randrange(2):
            return "(global.set $own (i64.xor (global.get $own) (local.get $v)))"
        name = self._rng.choice(_PLAIN)
        return f"({name} {self._place()} {self._value(name[:3])})"
