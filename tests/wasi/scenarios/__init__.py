"""What is tried on both: our functions and Wasmtime's."""
