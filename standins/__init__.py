"""A local fal and a local Discord that speak the real protocols over loopback, and the demo.

They stand beside the bot, in the source tree and in the image, but in no wheel: nothing that runs
in production needs them. Of the bot they know `bot.core` alone.
"""
