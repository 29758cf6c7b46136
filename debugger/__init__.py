"""Sessions, breakpoints, expressions and symbols over the virtual machine; knows no terminal."""
