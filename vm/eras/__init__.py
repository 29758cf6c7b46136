"""The layouts of runtimes, as data, and of the machine's own records.

An era is a run of releases whose layout is the same. Adding one means adding data here; nothing else in the
project names a version or an offset.
"""

from vm.eras.own import MACHINE_STRUCTS
from vm.eras.table import ERAS, NEWEST
from vm.eras.wasmtime import WASMTIME_48

__all__ = ["ERAS", "MACHINE_STRUCTS", "NEWEST", "WASMTIME_48"]
