"""The Discord image bot: `/imagine`, exact money, and nobody left waiting without knowing."""

__version__ = "0.1.0"
