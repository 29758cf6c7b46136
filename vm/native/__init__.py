"""The native executor: a threaded interpreter whose handlers are made by LLVM from the instruction table."""
