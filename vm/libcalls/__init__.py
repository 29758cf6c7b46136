"""What the runtime does for compiled code: the functions behind VMBuiltinFunctionsArray.

An instruction reaches one through the array of its instance's VMContext: entry, code record, function. Where an era has
no entry for it, compiled code does the work in line, and the same function stands for that. Source: Wasmtime,
crates/wasmtime/src/runtime/vm/libcalls.rs.
"""
