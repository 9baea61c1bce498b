"""Why a word list does not take an entry."""

from bot.core.codes import Word
from bot.texts.tables import Table

WORDS: Table[Word] = {
    Word.TOO_LONG: "An entry may have at most {most} characters.",
    Word.CATCHES_NEARLY_ALL: "“{typed}” would catch nearly every prompt. Name more of the word.",
    Word.LIST_FULL: "The list has {most} entries already; remove one first.",
    Word.LIST_TOO_LARGE: ("The list is too long with this; remove long words or patterns first."),
    Word.REGEXES_TOO_COSTLY: (
        "The regular expressions of the list are too much to search for with this one. Remove one "
        "first, or use words and patterns, which cost little."
    ),
    Word.EMPTY: "An entry needs something to look for.",
    Word.CATCHES_ALL: "“{typed}” would catch every prompt: it needs no letter at all.",
    Word.NEVER_MATCHES: "“{typed}” can never match.",
    Word.TOO_COSTLY: "“{typed}” is too much to search for. Repeat less in it.",
    Word.STAR_IN_WORD: "`*` stands for letters only in a pattern: choose “pattern” as its kind.",
    Word.NO_LETTERS: "An entry needs letters, digits or a picture to look for.",
    Word.ONE_LETTER: "An entry needs two letters at least; one stands in every prompt.",
    Word.NEVER_FOUND: "“{typed}” would never be found. Write it as it stands in prompts.",
    Word.NO_REGEX: "“{typed}” is no regular expression of RE2: {detail}.",
    Word.LISTED_ALREADY: "That is on the list already, so nothing was changed.",
    Word.NOT_LISTED: (
        "That is not on the list, so nothing was changed; `/imagine-admin words list` shows what "
        "is."
    ),
}
