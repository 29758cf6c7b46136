"""Records of the machine itself: the same in every era, laid out by the same nouns."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from vm.layout import Array, Field, Struct

MACHINE_STRUCTS: Mapping[str, Struct] = MappingProxyType(
    {
        "Machine": (
            Field("tick", "u64", "retired instructions, store-wide"),
            Field("current_thread", "u32", "the thread that runs"),
            Field("thread_count", "u32", "threads of this store"),
            Field("bulk_done", "u64", "units done of a bulk operation that a pause cut short, else 0"),
            Field("max_frames", "u64", "deepest control stack, in frames"),
            Field("max_memory_bytes", "u64", "greatest size of all linear memories together, in bytes"),
            Field("max_table_elements", "u64", "greatest size of all tables together, in elements"),
            Field("max_gc_heap_bytes", "u64", "greatest size of the GC heap, in bytes"),
            Field("gc_hole", "u64", "GC heap: where the next object goes, an offset in it"),
            Field("gc_hole_end", "u64", "GC heap: where the hole it goes into ends"),
            Field("gc_allocated", "u64", "bytes of objects made since the last collection"),
            Field("gc_threshold", "u64", "bytes of objects made that start the next collection"),
            Field("waits", "u64", "how often a thread began to wait"),
            Field("skipped_ns", "u64", "virtual time beyond the ticks: passed while every thread waited"),
            Field("func_ref_ids", "u64", "funcrefs that have an id, as they stand in the GC heap"),
        ),
        "Thread": (
            Field("depth", "u64", "control records in use"),
            Field("state", "u32", "0 idle, 1 ready, 2 finished, 3 trapped, 4 blocked, 5 exited, 6 waiting"),
            Field("exit_code", "u32", "the guest's exit code when exited"),
            Field("entry_results", "u32", "result slots of the outermost call"),
            Field("blocked", "u32", "1 when a host call waits, and has a deadline"),
            Field("deadline_ns", "u64", "monotonic time at which the waiting host call gives up"),
            Field(
                "next_vmctx",
                "ptr<VMContext>?",
                "instance whose function is called next, once the call under way is over",
            ),
            Field("next_func", "u32", "that function's index; no instance: the thread is over then"),
            Field("next_arg", "u32", "its second argument; the first one is the thread's number"),
            Field("wait_addr", "ptr<u8>?", "address whose notification the thread waits for"),
            Field("wait_turn", "u64", "waits are numbered as they begin: the first is woken first"),
            Field("wait_until_ns", "u64", "virtual time at which the wait is over, 0: never"),
            Field("wait_answer", "u64", "1 plus what the wait that is over answers, else 0"),
        ),
        "ControlRecord": (
            Field("vmctx", "u64", "the instance, or the host function's context"),
            Field("func", "u32", "function index in its module"),
            Field("pc", "u32", "index of the instruction to run next"),
            Field("base", "u64", "address of the frame's first slot"),
            Field("flags", "u32", "1: a host function's frame"),
            Field("callee_results", "u32", "host frames: result slots of the function it called"),
            Field("caller", "u64", "host frames: the instance that called it, 0: none"),
        ),
        "CodeRecord": (
            Field("vmctx", "u64", "what the function is called with"),
            Field("func", "u32", "function index, or the host function's number"),
            Field("kind", "u32", "1 WebAssembly, 2 host, 3 start-up code"),
        ),
        "InstanceRecord": (
            Field("vmctx", "u64", "the instance's VMContext"),
            Field("number", "u32", "instances are numbered as they are made"),
            Field("state", "u32", "0 being made, 1 made"),
            Array("elem_dropped", "u8", "num_elems", "1 when the element segment was dropped"),
            Array("data_dropped", "u8", "num_datas", "1 when the data segment was dropped"),
        ),
        "NoArray": (Field("length", "u32", "of arrays in eras that have none"),),
        "DescriptorTable": (
            Field("count", "u32", "records in use, closed ones among them"),
            Field("reserved", "u32", ""),
            Field("last_serial", "u64", "serial number of the descriptor opened last"),
        ),
        "Descriptor": (
            Field(
                "kind",
                "u32",
                "0 closed, 1 stdin, 2 stdout, 3 stderr, 4 file, 5 directory, 6 preopened directory",
            ),
            Field("fdflags", "u32", "1 append, 2 dsync, 4 nonblock, 8 rsync, 16 sync"),
            Field("rights", "u64", "what may be done with it"),
            Field("inheriting", "u64", "what descriptors opened through it may do"),
            Field("offset", "u64", "where the next read or write starts, in bytes"),
            Field("serial", "u64", "tells apart what was opened twice by the same path"),
            Field("root", "u32", "number of the preopened directory it lies under"),
            Field("path_bytes", "u32", "length of the path"),
            Field("guest_bytes", "u32", "length of a preopened directory's name in the guest"),
            Field("reserved", "u32", ""),
            Field("path", "bytes[4096]", "relative to the root; a preopened directory's host path"),
            Field("guest", "bytes[256]", "a preopened directory's name in the guest"),
        ),
    }
)
