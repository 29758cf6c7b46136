"""Comparisons with other debuggers, run by hand where those are installed."""
