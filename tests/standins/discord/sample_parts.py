"""What the scripts of the sample bot share: pictures, cards, reports."""

import io
import json
import sys

import discord
from discord import ui
from PIL import Image

SCRIPTS = {}
COLOURS = ("crimson", "teal", "gold", "navy")


def script(function):
    """Let `/do script:<name>` run a function."""
    SCRIPTS[function.__name__] = function
    return function


def report(**fields):
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


def picture(index=0, size=(64, 48), noise=0):
    buffer = io.BytesIO()
    Image.new("RGB", size, COLOURS[index % 4]).save(buffer, "PNG")
    return buffer.getvalue() + b"\0" * noise


def card(text, *rows, gallery=()):
    view = ui.LayoutView(timeout=None)
    parts = [ui.TextDisplay(text)]
    if gallery:
        items = [discord.MediaGalleryItem(f, description=f"alt of {f.filename}") for f in gallery]
        parts += [ui.MediaGallery(*items), ui.TextDisplay("-# 2 pictures · $0.33 · 14 of 20 left")]
    parts += [ui.ActionRow(*row) for row in rows]
    view.add_item(ui.Container(*parts, accent_color=0x5865F2))
    return view


def files(count=2, size=(64, 48), noise=0):
    return [
        discord.File(io.BytesIO(picture(i, size, noise)), f"image-{i}.png", description=f"alt {i}")
        for i in range(count)
    ]
