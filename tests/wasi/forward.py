"""Wasmtime behind the same face: a module that hands every WASI function through and shows its memory."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import wasmtime

from vm.wasi.signatures import MODULE, SIGNATURES


def forwarding_wat(memory: bool = True) -> str:
    """Imports each function and exports a wrapper of the same name, and a memory."""
    lines = []
    for s in SIGNATURES:
        params = "".join(f" (param {p})" for p in s.type.params)
        result = "".join(f" (result {r})" for r in s.type.results)
        lines.append(f'(import "{MODULE}" "{s.name}" (func ${s.name}{params}{result}))')
    lines.append('(memory (export "memory") 4)' if memory else "")
    for s in SIGNATURES:
        params = "".join(f" (param {p})" for p in s.type.params)
        result = "".join(f" (result {r})" for r in s.type.results)
        gets = " ".join(f"(local.get {i})" for i in range(len(s.type.params)))
        lines.append(f'(func (export "{s.name}"){params}{result} (call ${s.name} {gets}))')
    return "(module " + "\n".join(lines) + ")"


@cache
def _engine() -> wasmtime.Engine:
    return wasmtime.Engine()


@cache
def _module(memory: bool) -> wasmtime.Module:
    return wasmtime.Module(_engine(), forwarding_wat(memory))


class WasmtimeGuest:
    """The same calls as `FakeGuest`, made by a module in Wasmtime."""

    def __init__(
        self,
        folders: tuple[Path, ...],
        scratch: Path,
        *,
        args: tuple[str, ...] = (),
        env: tuple[tuple[str, str], ...] = (),
        stdin: bytes = b"",
        memory: bool = True,
    ) -> None:
        config = wasmtime.WasiConfig()
        config.argv, config.env = list(args), list(env)
        for folder in folders:
            config.preopen_dir(str(folder), f"/{folder.name}")
        (scratch / "stdin").write_bytes(stdin)
        config.stdin_file = str(scratch / "stdin")
        self._outputs = (scratch / "stdout", scratch / "stderr")
        config.stdout_file, config.stderr_file = map(str, self._outputs)
        self.store = wasmtime.Store(_engine())
        self.store.set_wasi(config)
        linker = wasmtime.Linker(_engine())
        linker.define_wasi()
        self._exports = linker.instantiate(self.store, _module(memory)).exports(self.store)

    def call(self, name: str, *args: int) -> int | str:
        try:
            return self._exports[name](self.store, *args)
        except wasmtime.ExitTrap as end:
            return f"exit {end.code}"
        except (wasmtime.WasmtimeError, wasmtime.Trap):
            return "trap"

    def read(self, offset: int, size: int) -> bytes:
        return bytes(self._exports["memory"].read(self.store, offset, offset + size))

    def write(self, offset: int, data: bytes) -> None:
        self._exports["memory"].write(self.store, data, offset)

    def output(self) -> tuple[bytes, bytes]:
        out, err = (path.read_bytes() for path in self._outputs)
        return out, err

    def close(self) -> None:
        self.store.close()
