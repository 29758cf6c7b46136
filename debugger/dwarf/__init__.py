"""Debug information in DWARF, read lazily."""
