"""Why something is refused: one code for each no; `bot/texts` has the sentence for each.

Which values of `Refused` come with a code, its sentence shows: `{most}` is a bound, `{given}` what
was asked or is there, `{typed}` what a person wrote, `{names}` names of ours.
"""

from dataclasses import dataclass
from enum import Enum, auto


class TypedCode(Enum):
    """Amounts, ends, days and zones that cannot be read."""

    IS_MONEY = auto()
    NO_COUNT = auto()
    COUNT_TOO_LARGE = auto()
    AMOUNT_READS_TWO_WAYS = auto()
    NO_USD = auto()
    USD_TOO_LARGE = auto()
    NO_END = auto()
    END_PASSED = auto()
    END_TOO_FAR = auto()
    NO_TIME_OF_DAY = auto()
    MINUTES_OR_MONTHS = auto()
    SHORT_YEAR = auto()
    NO_SUCH_DAY = auto()
    DAY_READS_TWO_WAYS = auto()
    NO_DATE = auto()
    NO_DAY_OF_RANGE = auto()
    PERIOD_AND_DAYS = auto()
    NO_FIRST_DAY = auto()
    DAYS_TO_COME = auto()
    DAYS_BACKWARDS = auto()
    TOO_MANY_DAYS = auto()
    NO_RANGE = auto()
    STALE_DAYS = auto()
    ZONE_IN_SEVERAL = auto()
    ZONE_IS_OFFSET = auto()
    NO_ZONE = auto()


class SizeRule(Enum):
    """What a size breaks; `FORM` is for a text that is no size at all."""

    FORM = auto()
    POSITIVE = auto()
    SIDE_MAX = auto()
    STEP = auto()
    RATIO = auto()
    AREA_MIN = auto()
    AREA_MAX = auto()
    FEW = auto()


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """The rule that a size breaks, with its numbers.

    Attributes:
        bound: The figure of the rule: pixels, a step, a ratio.
        given: What the size has, where that is not plain to see.
        allowed: The sizes that there are, where there are only a few.
    """

    code: SizeRule
    bound: int = 0
    given: int = 0
    allowed: tuple[str, ...] = ()


class OptionCode(Enum):
    """An option of a request that no server and no model could take."""

    PROMPT_EMPTY = auto()
    PROMPT_TOO_LONG = auto()
    COUNT = auto()
    QUALITY = auto()
    FORMAT = auto()
    MODEL = auto()


class OfferCode(Enum):
    """What a server does not offer: here, in private, or so large, good or many."""

    PAUSED = auto()
    NOT_HERE = auto()
    NOWHERE = auto()
    EXCEPT_HERE = auto()
    PRIVATE = auto()
    SIZE = auto()
    QUALITY = auto()
    COUNT = auto()


class MemberCode(Enum):
    """What keeps a member's request back whatever it asks for."""

    BLOCKED = auto()
    NO_ROOM = auto()
    FORBIDDEN_WORD = auto()
    STRUCK_OUT = auto()
    RESTARTING = auto()


class WordCode(Enum):
    """Entries that a word list cannot take, or does not have."""

    TOO_LONG = auto()
    CATCHES_NEARLY_ALL = auto()
    LIST_FULL = auto()
    LIST_TOO_LARGE = auto()
    REGEXES_TOO_COSTLY = auto()
    EMPTY = auto()
    CATCHES_ALL = auto()
    NEVER_MATCHES = auto()
    TOO_COSTLY = auto()
    STAR_IN_WORD = auto()
    NO_LETTERS = auto()
    ONE_LETTER = auto()
    NEVER_FOUND = auto()
    NO_REGEX = auto()
    LISTED_ALREADY = auto()
    NOT_LISTED = auto()


class ModerationCode(Enum):
    """Limits, gifts, blocks and reasons that cannot be set, or are not there."""

    REASON_TOO_LONG = auto()
    REASON_NEEDED = auto()
    REASON_NEEDED_FOR_MEMBER = auto()
    SEVERAL_SUBJECTS = auto()
    IS_BOT = auto()
    TOO_MANY_LIMITS = auto()
    NO_LIMIT = auto()
    ORPHANS_UNKNOWN = auto()
    GIFT_OF_NOTHING = auto()
    GIFT_ENDED = auto()
    TOO_MANY_GIFTS = auto()
    NO_GIFT = auto()
    BLOCK_ENDED = auto()
    TOO_MANY_BLOCKS = auto()
    NOT_BLOCKED = auto()


class PictureCode(Enum):
    """Posted pictures that cannot be removed or reported."""

    NOT_OURS = auto()
    REMOVED = auto()
    RUNNING = auto()
    NONE_MADE = auto()
    PRIVATE = auto()
    NOT_REMOVABLE = auto()
    OWN = auto()
    REPORT_DECIDED = auto()
    REPORTED = auto()
    TOO_MANY_REPORTS = auto()
    NO_REPORT = auto()
    DECIDED = auto()


class JobCode(Enum):
    """Jobs that are not there, are another's, or cannot be cancelled any more."""

    NO_JOB = auto()
    UNKNOWN = auto()
    NOT_YOURS = auto()
    ENDED = auto()
    MADE = auto()
    NOT_IN_BOOKS = auto()
    UNDECIDED = auto()


class SettingsCode(Enum):
    """What the settings of a server cannot become."""

    DEFAULT_TOO_HIGH = auto()
    TOO_MANY_CHANNELS = auto()
    PAUSE_TOO_LONG = auto()
    OLD_PANEL = auto()


class ExportCode(Enum):
    """Tables that cannot be made or sent."""

    UNDER_WAY = auto()
    TOO_MUCH = auto()
    DISK = auto()
    NOT_TAKEN = auto()
    TOO_LARGE = auto()
    SHEET_TOO_LARGE = auto()


class AccessCode(Enum):
    """Who may not, or what must wait a moment."""

    NOT_MODERATOR = auto()
    NOT_READ = auto()
    NOT_OF_OTHERS = auto()
    STORAGE_SLOW = auto()


Code = (
    TypedCode
    | SizeRule
    | OptionCode
    | OfferCode
    | MemberCode
    | WordCode
    | ModerationCode
    | PictureCode
    | JobCode
    | SettingsCode
    | ExportCode
    | AccessCode
)
