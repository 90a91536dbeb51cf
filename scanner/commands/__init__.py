"""One module per command; each exports `command`. A command parses, calls, renders."""
