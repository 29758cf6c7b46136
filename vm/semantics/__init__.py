"""Python semantics: one readable function per row of the instruction table."""
