"""The demo: a local Discord, a local fal and the real bot beside them, without any account.

It plays a scene, prints what came of it, saves the pictures, and keeps a live page on a terminal.
It never reads a credential, never speaks beyond loopback, and ends only what it started.
"""

from standins.demo.show import play

__all__ = ["play"]
