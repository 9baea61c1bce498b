"""Why pictures and jobs cannot be removed, reported, shown or cancelled."""

from bot.core.codes import JobCode, PictureCode
from bot.core.errors import Refused
from bot.storage.reports import Outcome
from bot.texts.tables import Table
from bot.texts.writing import Writing

_DONE = {
    Outcome.REMOVE: "removed the pictures",
    Outcome.WARN: "warned the member",
    Outcome.BLOCK: "blocked the member",
    Outcome.DISMISS: "let the pictures stand",
}


def _decided(error: Refused, write: Writing) -> str:
    who, done = write.member(error.ids[0]), _DONE[Outcome(error.names[0])]
    return f"{who} has {done} already, {write.ago(error.at_ms or 0)}. Nothing more was done."


POSTED: Table[PictureCode] = {
    PictureCode.NOT_OURS: (
        "This message has no pictures that were made with this bot in this server."
    ),
    PictureCode.REMOVED: "These pictures were removed already by {who} {ago}.",
    PictureCode.RUNNING: (
        "This job is still running. Its Cancel button ends it; there is no picture yet."
    ),
    PictureCode.NONE_MADE: (
        "This job ended without pictures in the channel, so there are none here."
    ),
    PictureCode.PRIVATE: (
        "Only the member sees these pictures, and Discord does not let bots delete what only one "
        "member sees. They go away by themselves when that member closes Discord."
    ),
    PictureCode.NOT_REMOVABLE: "These pictures cannot be removed any more.",
    PictureCode.OWN: (
        "These are your own pictures. If they should go, ask a moderator to remove them."
    ),
    PictureCode.REPORT_DECIDED: (
        "You have reported these pictures already, and moderators have decided about them."
    ),
    PictureCode.REPORTED: (
        "You have reported these pictures already. Moderators will look at them."
    ),
    PictureCode.TOO_MANY_REPORTS: (
        "You may report {most} messages an hour. You can report again {ahead}; if it is urgent, "
        "ask a moderator."
    ),
    PictureCode.NO_REPORT: "This report is not known in this server.",
    PictureCode.DECIDED: _decided,
}

JOBS: Table[JobCode] = {
    JobCode.NO_JOB: (
        "There is no such job here. Choose one of the suggestions, or give the link of its message."
    ),
    JobCode.UNKNOWN: "That job is not known any more.",
    JobCode.NOT_YOURS: "Only the member who asked for it and moderators can cancel it.",
    JobCode.ENDED: "This job has already ended: it was {first}.",
    JobCode.MADE: "The pictures are already made and on their way.",
    JobCode.NOT_IN_BOOKS: "There is no job {typed}; `losses` and `export jobs` name them.",
    JobCode.UNDECIDED: "Job {typed} is not decided yet; the bot itself books what it costs.",
}
