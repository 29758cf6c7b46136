"""The reference executor: plain Python, one readable function per row; the oracle for every other executor."""
