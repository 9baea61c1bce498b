"""The Discord edge; the only room that imports discord. It parses, calls one service, renders."""
