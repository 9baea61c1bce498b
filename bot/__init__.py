"""The Discord image bot: `/imagine`, exact money, and nobody left waiting without knowing."""
