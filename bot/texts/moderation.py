"""Why what a moderator or the host wants cannot be done, and who is no moderator."""

from bot.core.codes import AccessCode, ExportCode, ModerationCode, SettingsCode
from bot.texts.tables import Table

_NOT_MODERATOR = "Only members who may manage the server can do this."

MODERATE: Table[ModerationCode] = {
    ModerationCode.REASON_TOO_LONG: "The reason may have at most {most} characters.",
    ModerationCode.REASON_NEEDED: "A reason is needed; write a few words.",
    ModerationCode.REASON_NEEDED_FOR_MEMBER: "A reason is needed; the member reads it.",
    ModerationCode.SEVERAL_SUBJECTS: "Name one of {names}, not several.",
    ModerationCode.IS_BOT: "{who} is a bot, and bots cannot ask for pictures; choose a person.",
    ModerationCode.TOO_MANY_LIMITS: "This server has {most} limits already; clear one first.",
    ModerationCode.NO_LIMIT: (
        "There is no such limit, so nothing was changed; `/imagine-admin limit list` shows what is "
        "set."
    ),
    ModerationCode.ORPHANS_UNKNOWN: (
        "Discord does not answer just now, so nothing was cleared. Try again in a minute."
    ),
    ModerationCode.GIFT_OF_NOTHING: "A gift must be more than nothing.",
    ModerationCode.GIFT_ENDED: "The end of the gift has passed already.",
    ModerationCode.TOO_MANY_GIFTS: (
        "This member has {most} gifts with something left already; take them back first, or wait "
        "until some are used."
    ),
    ModerationCode.NO_GIFT: "They have no such gift, so nothing was changed.",
    ModerationCode.BLOCK_ENDED: "The end of the block has passed already.",
    ModerationCode.TOO_MANY_BLOCKS: "{most} members are blocked already; remove one first.",
    ModerationCode.NOT_BLOCKED: "They are not blocked, so nothing was changed.",
}

PANEL: Table[SettingsCode] = {
    SettingsCode.DEFAULT_TOO_HIGH: (
        "The highest that this server allows is {first}. Choose a default up to that, or raise the "
        "highest first."
    ),
    SettingsCode.TOO_MANY_CHANNELS: "At most {most} channels can be named.",
    SettingsCode.PAUSE_TOO_LONG: (
        "The sentence may have at most {most} characters; this one has {given}."
    ),
    SettingsCode.OLD_PANEL: (
        "This panel is of another version of the bot. Open `/imagine-admin settings` again."
    ),
}

FILES: Table[ExportCode] = {
    ExportCode.UNDER_WAY: "An export of this server is being made already; wait until it is there.",
    ExportCode.TOO_MUCH: "That is too much for one export; choose fewer days.",
    ExportCode.DISK: "The host's disk does not take it: {detail}.",
    ExportCode.NOT_TAKEN: "Discord did not take the files. Try again later.",
    ExportCode.TOO_LARGE: "Discord does not take files of that size here; choose fewer days.",
    ExportCode.SHEET_TOO_LARGE: (
        "This table is too large for one file, even zipped. Choose fewer days."
    ),
}

ACCESS: Table[AccessCode] = {
    AccessCode.NOT_MODERATOR: _NOT_MODERATOR,
    AccessCode.NOT_READ: (
        f"{_NOT_MODERATOR} Discord did not say in time whether this server allows it to you; try "
        "again in a minute."
    ),
    AccessCode.NOT_OF_OTHERS: (
        "Only members who may manage the server can see this of others. Of yourself you see it "
        "here and in `/quota`."
    ),
    AccessCode.STORAGE_SLOW: "The bot's storage is slow just now. Try again in a minute.",
}
