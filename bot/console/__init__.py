"""The host on the command line: limit, gift, block, usage and audit for any server, and check.

A room of its own because parsing and printing them outgrow `__main__`. It does nothing that the
services do not do for moderators; what it changes stands in the server's audit as the host's.
"""
