"""A WebAssembly virtual machine whose whole state is bytes in an address space."""
