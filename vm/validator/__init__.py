"""Typing of function bodies and constant expressions: the specification's algorithm, once."""
