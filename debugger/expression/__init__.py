"""One expression language for print, watch, conditions, log text and set."""
