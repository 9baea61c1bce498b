"""What is added to the style and the script of SimCord's page, so that it looks like a chat.

SimCord's page is a tool for authors of tests; here people look at it. Nothing in this may change
what the bot sees. The texts are the files beside this one.
"""

from importlib import resources

_ROOM = resources.files("standins.discord")

PLAINER = (_ROOM / "plainer.css").read_text("utf-8")
LIVELIER = (_ROOM / "livelier.js").read_text("utf-8")
