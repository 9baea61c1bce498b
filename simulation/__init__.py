"""A simulation of the bot: real services, storage and fal client in a world that lies and dies.

One seed is one history: a few members ask for pictures while fal, Discord, the database, the clock
and the bot's own process fail in every way that the notes on fal know of. Time is virtual, so a
week passes in milliseconds, and everything random comes from the seed, so a history that breaks a
promise breaks it again each time it is told.
"""
