"""Why what a moderator or the host wants cannot be done, and who is no moderator."""

from bot.core.codes import Access, Files, Moderate, Panel
from bot.texts.tables import Table

_NOT_MODERATOR = "Only members who may manage the server can do this."

MODERATE: Table[Moderate] = {
    Moderate.REASON_TOO_LONG: "The reason may have at most {most} characters.",
    Moderate.REASON_NEEDED: "A reason is needed; write a few words.",
    Moderate.REASON_NEEDED_FOR_MEMBER: "A reason is needed; the member reads it.",
    Moderate.SEVERAL_SUBJECTS: "Name one of {names}, not several.",
    Moderate.IS_BOT: "{who} is a bot, and bots cannot ask for pictures; choose a person.",
    Moderate.TOO_MANY_LIMITS: "This server has {most} limits already; clear one first.",
    Moderate.NO_LIMIT: (
        "There is no such limit, so nothing was changed; `/imagine-admin limit list` shows what is "
        "set."
    ),
    Moderate.ORPHANS_UNKNOWN: (
        "Discord does not answer just now, so nothing was cleared. Try again in a minute."
    ),
    Moderate.GIFT_OF_NOTHING: "A gift must be more than nothing.",
    Moderate.GIFT_ENDED: "The end of the gift has passed already.",
    Moderate.TOO_MANY_GIFTS: (
        "This member has {most} gifts with something left already; take them back first, or wait "
        "until some are used."
    ),
    Moderate.NO_GIFT: "They have no such gift, so nothing was changed.",
    Moderate.BLOCK_ENDED: "The end of the block has passed already.",
    Moderate.TOO_MANY_BLOCKS: "{most} members are blocked already; remove one first.",
    Moderate.NOT_BLOCKED: "They are not blocked, so nothing was changed.",
}

PANEL: Table[Panel] = {
    Panel.DEFAULT_TOO_HIGH: (
        "The highest that this server allows is {first}. Choose a default up to that, or raise the "
        "highest first."
    ),
    Panel.TOO_MANY_CHANNELS: "At most {most} channels can be named.",
    Panel.PAUSE_TOO_LONG: (
        "The sentence may have at most {most} characters; this one has {given}."
    ),
    Panel.OLD_PANEL: (
        "This panel is of another version of the bot. Open `/imagine-admin settings` again."
    ),
}

FILES: Table[Files] = {
    Files.UNDER_WAY: "An export of this server is being made already; wait until it is there.",
    Files.TOO_MUCH: "That is too much for one export; choose fewer days.",
    Files.DISK: "The host's disk does not take it: {detail}.",
    Files.NOT_TAKEN: "Discord did not take the files. Try again later.",
    Files.TOO_LARGE: "Discord does not take files of that size here; choose fewer days.",
    Files.SHEET_TOO_LARGE: "This table is too large for one file, even zipped. Choose fewer days.",
}

ACCESS: Table[Access] = {
    Access.NOT_MODERATOR: _NOT_MODERATOR,
    Access.NOT_READ: (
        f"{_NOT_MODERATOR} Discord did not say in time whether this server allows it to you; try "
        "again in a minute."
    ),
    Access.NOT_OF_OTHERS: (
        "Only members who may manage the server can see this of others. Of yourself you see it "
        "here and in `/quota`."
    ),
    Access.STORAGE_SLOW: "The bot's storage is slow just now. Try again in a minute.",
}
