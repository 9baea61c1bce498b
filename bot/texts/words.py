"""Why a word list does not take an entry."""

from bot.core.codes import WordCode
from bot.texts.tables import Table

WORDS: Table[WordCode] = {
    WordCode.TOO_LONG: "An entry may have at most {most} characters.",
    WordCode.CATCHES_NEARLY_ALL: (
        "“{typed}” would catch nearly every prompt. Name more of the word."
    ),
    WordCode.LIST_FULL: "The list has {most} entries already; remove one first.",
    WordCode.LIST_TOO_LARGE: (
        "The list is too long with this; remove long words or patterns first."
    ),
    WordCode.REGEXES_TOO_COSTLY: (
        "The regular expressions of the list are too much to search for with this one. Remove one "
        "first, or use words and patterns, which cost little."
    ),
    WordCode.EMPTY: "An entry needs something to look for.",
    WordCode.CATCHES_ALL: "“{typed}” would catch every prompt: it needs no letter at all.",
    WordCode.NEVER_MATCHES: "“{typed}” can never match.",
    WordCode.TOO_COSTLY: "“{typed}” is too much to search for. Repeat less in it.",
    WordCode.STAR_IN_WORD: (
        "`*` stands for letters only in a pattern: choose “pattern” as its kind."
    ),
    WordCode.NO_LETTERS: "An entry needs letters, digits or a picture to look for.",
    WordCode.ONE_LETTER: "An entry needs two letters at least; one stands in every prompt.",
    WordCode.NEVER_FOUND: "“{typed}” would never be found. Write it as it stands in prompts.",
    WordCode.NO_REGEX: "“{typed}” is no regular expression of RE2: {detail}.",
    WordCode.LISTED_ALREADY: "That is on the list already, so nothing was changed.",
    WordCode.NOT_LISTED: (
        "That is not on the list, so nothing was changed; `/imagine-admin words list` shows what "
        "is."
    ),
}
