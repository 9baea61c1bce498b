"""Words are found in every disguise, and nothing else is."""

# ruff: noqa: RUF001 - look-alike letters are what this is about
import time
import unicodedata

import pytest
from confusable_homoglyphs.confusables import confusables_data
from hypothesis import example, given
from hypothesis import strategies as st

from bot.core.errors import BadRequest
from bot.core.wordfilter.words import (
    ENTRIES_MAX,
    Entry,
    Kind,
    Matcher,
    checked_entry,
    checked_list,
)
from tests.said import saying, sentence_of

WORDS = [
    "ass", "bad", "naked", "fuck", "shit", "kill", "idiot", "penis", "anus", "hell", "god", "slit",
    "ano", "coño", "ar15", "taxi", "вода", "рот", "хуй", "μαλάκας", "كلب", "सेक्स", "시발", "笨蛋",
    "バカ", "ไอ้บ้า", "🍆",
]  # fmt: skip
PHRASES = ["hot dog", "child porn"]
LIST = Matcher([checked_entry(Kind.WORD, text) for text in [*WORDS, *PHRASES]])

CAUGHT = {
    "bad": [
        "bad", "BAD", "a bad dog", "bad!", "(bad)", "bad.dog", "b a d", "b.a.d", "b-a-d", "b_a_d",
        "b*a*d", "b/a/d", "b, a, d", "b  a  d", "b\na\nd", "b 🔥 a 🔥 d", "draw a b a d dog",
        "I b a d", "b.ad", "b\u200ba\u200bd", "b\u00ada\u2060d", "b\u3164a\u3164d",
        "b\u2800a\u2800d", "b\ufe0fa\U000e0061d", "\u202ebad\u202c", "ba\u034fd", "bـad", "baaaad",
        "bBbaAaAdDdD", "b4d", "8ad", "b@d", "b4d123", "bad123", "2bad", "b 4 d", "bаd", "вad",
        "bаԁ", "ʙᴀᴅ", "bɑd", "🅱ad", "🅱🅰🅳", "🇧🇦🇩", "🇧 🇦 🇩", "b🇦d", "bad🇫🇷", "ｂａｄ", "𝓫𝓪𝓭",
        "𝕭𝖆𝖉", "ⓑⓐⓓ", "⒝⒜⒟", "b̶a̶d̶", "b̴̛͚a̷͇͝d̶̙̀", "bád", "bąđ", "ƀaɗ", "b⃣a⃣d⃣", "一个bad狗",
        "ΒΑD", "ᏴᎪᎠ", "ꓐꓮꓓ", "ꮟꭺꭰ", "дом ᏴᎪᎠ", "نور ꓐꓮꓓ", "Ⲃ и ᏴᎪᎠ", "bᵅd", "bⱭd", "дом ʙаԁ",
    ],
    "ass": ["ass", "a$$", "@ss", "A S S", "asssss", "4ss hat", "аѕѕ", "e.g. ass", "xжx аѕѕ"],
    "fuck": ["f u c k", "f u ck", "fu c k", "f.u.c.k", "fu.ck", "fυcκ", "FUCK", "fücķ"],
    "shit": ["sh!t", "sh1t", "$hit", "s h 1 t", "5h1t", "shıt", "sh|t", "SHIT", "shІt"],
    "kill": ["k1ll", "ki11", "kiII", "kIll", "КILL", "kіӏl"],
    "idiot": ["1d10t", "ıdiot", "i-d-i-o-t", "IDIOT"],
    "hell": ["hell", "h3ll", "HELL", "what the hell?"],
    "ano": ["un ano rojo", "a n o", "anó"],
    "coño": ["coño", "COÑO", "con\u0303o", "c o ñ o"],
    "ar15": ["an ar15", "AR15", "a.r.1.5"],
    "taxi": ["taxi", "tax1", "t.a.x.i"],
    "вода": ["вода", "ВОДА", "вoдa", "BOДA", "в о д а", "во\u0301да", "воооода"],
    "рот": ["рот", "открытый рот", "pот и зубы"],
    "хуй": ["хуй", "xуй", "xyй", "ХУИ"],
    "μαλάκας": ["μαλάκας", "μαλακας", "ΜΑΛΆΚΑΣ"],
    "كلب": ["كلب", "كَلْب", "كـلـب"],
    "सेक्स": ["सेक्स", "a सेक्स b"],
    "시발": ["시발", "야 시발!", "\u1109\u1175\u1107\u1161\u11af"],
    "笨蛋": ["笨蛋", "他是大笨蛋啊", "大笨 蛋", "笨.蛋"],
    "バカ": ["バカ", "ﾊﾞｶ", "おまえバカだ"],
    "ไอ้บ้า": ["เขาเป็นไอ้บ้าจริง"],
    "🍆": ["eat🍆now", "🍆\ufe0f"],
    "hot dog": ["hot dog", "hot-dog", "hotdog", "HOT   DOG", "h o t d o g", "hot, dog", "h0t d0g"],
    "child porn": ["childporn", "ch1ld p0rn", "child\nporn", "сhild роrn"],
}  # fmt: skip

INNOCENT = [
    "class", "a first class passenger", "Scunthorpe", "assassin", "as sand", "as soon as", "bass",
    "c l a s s", "C L A S S I C", "P A S S", "pass the glass", "badge", "badass", "a bat, a dog",
    "baad", "good", "a goddess", "skill", "silt", "FAIL", "the pen is red", "pen is", "an us flag",
    "a.n.u.s.t.a.r.t", "he'll go", "hello", "shellfish", "she'll", "taxidermy", "feliz año nuevo",
    "los años", "cono de helado", "f.a.q.", "e.g. a hat", "U.S. hit parade", "Model S hit by rain",
    "ar150", "4k, 50mm, 3d, 8k, 35mm", "80s style", "Galaxy A55", "$50", "MP3 and PS5", "3rd 21st",
    "it's a hitch", "man/hole", "hot, big dog", "shot dogs", "водаш", "бород", "pot of gold",
    "открытый ротик и зубы", "수시발굴 시발점", "バカンス", "かばん", "笨的蛋", "roto",
    "кот и ротор", "a cup of tea at 5", "I am, a, s, b", "Idle Isle", "q&a", "R & B", "nakedness",
    "no more tax!", "kilo", "Kiel", "shift", "Penistone", "anuska", "Fukuoka", "idiotic", "x y z",
]  # fmt: skip


@pytest.mark.parametrize("text", CAUGHT)
def test_an_entry_is_found_in_its_disguises(text):
    missed = [p for p in CAUGHT[text] if Entry(Kind.WORD, text) not in LIST.find_all(p)]
    assert missed == []


@pytest.mark.parametrize("prompt", INNOCENT)
def test_innocent_text_is_left_alone(prompt):
    assert list(LIST.find_all(prompt)) == []


@pytest.mark.parametrize(
    ("kind", "text", "caught", "left"),
    [
        (Kind.PATTERN, "bad*", ["bad", "badger", "b4dly", "b.a.d", "bаdger"], ["a bed", "abad"]),
        (Kind.PATTERN, "*bad*", ["abada", "bad", "sinbad"], ["ba d", "bed"]),
        (Kind.PATTERN, "b?d", ["bed", "b.i.d", "bxd"], ["bd", "bread"]),
        (Kind.PATTERN, "bad* dog", ["badger dog", "bad dog"], ["bad big dog"]),
        (Kind.PATTERN, "bad * dog", ["bad big dog"], ["bad dogs"]),
        (Kind.PATTERN, "笨*蛋", ["大笨的蛋呀", "笨蛋"], ["笨", "蛋"]),
        (Kind.PATTERN, "xx＊", ["xxl"], ["ax"]),
        (Kind.REGEX, r"\bb[ae]d\b", ["a BED", "b.a.d", "bаd", "b\u200bed", "bád"], ["bread"]),
        (Kind.REGEX, r"https?://", ["see HTTPS://x.org"], ["https"]),
        (Kind.REGEX, r"^red", ["red fox"], ["a red fox"]),
        (Kind.REGEX, "café+s", ["CAFÉS", "cafees"], ["caf"]),
        (Kind.REGEX, "(?i)K1ll|kill", ["kiIl", "k1ll"], ["kit"]),
    ],
)
def test_patterns_and_expressions_see_through_disguises_too(kind, text, caught, left):
    matcher = Matcher([checked_entry(kind, text)])
    assert [prompt for prompt in caught if matcher.find(prompt) is None] == []
    assert [prompt for prompt in left if matcher.find(prompt) is not None] == []


@pytest.mark.parametrize(
    ("kind", "text", "sentence"),
    [
        (Kind.WORD, "", "needs letters"),
        (Kind.WORD, " \u200b!?", "needs letters"),
        (Kind.WORD, "\u3164", "needs letters"),
        (Kind.WORD, "x", "two letters"),
        (Kind.WORD, "bad*", "choose “pattern”"),
        (Kind.WORD, "x" * 101, "at most 100 characters"),
        (Kind.PATTERN, "*", "needs letters"),
        (Kind.PATTERN, "?*?", "needs letters"),
        (Kind.PATTERN, "*a*", "two letters"),
        (Kind.REGEX, " ", "something to look for"),
        (Kind.REGEX, ".*", "would catch every prompt"),
        (Kind.REGEX, "(bad)?", "would catch every prompt"),
        (Kind.REGEX, ".", "nearly every prompt"),
        (Kind.REGEX, "[aeiou]", "nearly every prompt"),
        (Kind.REGEX, r"[^\s\S]", "can never match"),
        (Kind.REGEX, "(", "no regular expression"),
        (Kind.REGEX, "abc)|(d", "no regular expression"),
        (Kind.REGEX, r"(a)\1", "no regular expression"),
        (Kind.REGEX, "a(?=b)", "no regular expression"),
        (Kind.REGEX, "(?:a{900}){2}", "no regular expression"),
        (Kind.REGEX, r"\pL{90}", "too much to search for"),
    ],
)
def test_what_catches_everything_or_nothing_or_is_no_pattern_is_refused(kind, text, sentence):
    with pytest.raises(BadRequest) as caught:
        checked_entry(kind, text)
    assert sentence in sentence_of(caught.value)


def test_a_refusal_shows_what_was_typed_without_harm():
    with pytest.raises(BadRequest) as caught:
        checked_entry(Kind.REGEX, "(**<@1>")
    assert r"\*\*\<\@1\>" in sentence_of(caught.value)


def test_an_entry_is_kept_as_one_line_in_small_letters():
    assert checked_entry(Kind.WORD, " Hot \n DOG\x00 ") == Entry(Kind.WORD, "hot dog")
    assert checked_entry(Kind.REGEX, r" \Bad\S ").text == r"\Bad\S"


def test_a_list_is_bounded_in_entries_and_in_the_size_of_its_programs():
    words = [Entry(Kind.WORD, f"word{number}ly") for number in range(ENTRIES_MAX)]
    matcher = checked_list(words)
    assert matcher.find("a word499ly b") == words[499]
    with pytest.raises(BadRequest, check=saying("500 entries")):
        checked_list([*words, Entry(Kind.WORD, "more")])
    with pytest.raises(BadRequest, check=saying("too long")):
        checked_list([Entry(Kind.WORD, f"{'nil' * 30}{number}") for number in range(200)])
    with pytest.raises(BadRequest, check=saying("regular expressions")):
        checked_list([Entry(Kind.REGEX, f"[ab]{{200}}{n}") for n in range(20)])


def test_a_number_beside_a_short_entry_makes_another_word():
    assert Matcher([Entry(Kind.WORD, "ps")]).find("a PS5") is None
    assert Matcher([Entry(Kind.WORD, "psx")]).find("a psx5") is not None


def test_all_entries_of_a_prompt_are_found():
    found = set(LIST.find_all("a bad, naked idiot; хуй"))
    assert {entry.text for entry in found} == {"bad", "naked", "idiot", "хуй"}


UNSEEN = (
    "\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u180e\u202e\u2066\u061c\ufe0f\U000e0101\U000e0041"
)
HIDDEN = st.lists(st.sampled_from(UNSEEN), max_size=3).map("".join)
CAUGHT_PROMPTS = [prompt for prompts in CAUGHT.values() for prompt in prompts]


@given(st.sampled_from(CAUGHT_PROMPTS), st.data())
def test_unseen_characters_anywhere_never_let_a_prompt_through(prompt, data):
    hidden = "".join(data.draw(HIDDEN) + c for c in prompt) + data.draw(HIDDEN)
    assert LIST.find(hidden) is not None


def lookalikes() -> dict[str, list[str]]:
    """The letters that Unicode calls confusable with a Latin one, by an independent package."""
    found: dict[str, list[str]] = {}
    for c, others in confusables_data.items():
        for other in (one["c"] for one in others):
            is_latin = len(other) == 1 and other.isascii() and other.isalpha()
            if len(c) == 1 and not c.isascii() and is_latin and is_letter(c):
                found.setdefault(other.lower(), []).append(c)
    return found


def is_letter(c: str) -> bool:
    """No mark or sign; no long s, no old sigma that NFKC makes another; nothing without spaces."""
    return unicodedata.category(c) in {"Ll", "Lu", "Lt", "Lo", "Nl"} and c not in "ſϲϹဝ〇"


ALIKE = lookalikes()


def test_every_letter_that_unicode_calls_confusable_is_read_as_its_latin_one():
    assert sum(map(len, ALIKE.values())) > 1000
    missed = [
        f"{c} {unicodedata.name(c)}"
        for letter, group in ALIKE.items()
        for c in group
        if Matcher([Entry(Kind.WORD, f"qz{letter}ck")]).find(f"a qz{c}ck b") is None
    ]
    assert missed == []


NOT_ALIKE_WHEN_SMALL = "ημ"
"""Other letters than their capitals to the eye: an n and a u."""


def other_cases() -> dict[str, str]:
    """What letters that look like a Latin one become in small, in large and without case."""
    known = {c for group in ALIKE.values() for c in group}
    found: dict[str, str] = {}
    for letter, group in ALIKE.items():
        for form in (form for c in group for form in (c.lower(), c.upper(), c.casefold())):
            if len(form) == 1 and not form.isascii() and form not in known:
                found[form] = letter
    return {form: found[form] for form in found if form not in NOT_ALIKE_WHEN_SMALL}


def test_the_other_case_of_a_confusable_letter_is_read_as_its_latin_one():
    forms = other_cases()
    scripts = {unicodedata.name(form).partition(" ")[0] for form in forms}
    assert scripts >= {"ARMENIAN", "CHEROKEE", "COPTIC", "DESERET", "OSAGE", "WARANG"}
    missed = [
        f"{form} {unicodedata.name(form)}"
        for form, letter in forms.items()
        if Matcher([Entry(Kind.WORD, f"qz{letter}ck")]).find(f"a qz{form}ck b") is None
    ]
    assert missed == []


def alike_in(script: str) -> dict[str, str]:
    """The Latin letters that a script has a letter like."""
    return {
        letter: c
        for letter, group in ALIKE.items()
        for c in group
        if unicodedata.name(c).startswith(f"{script} ") and c.isalpha()
        if not unicodedata.normalize("NFKC", c).isascii()
    }


SCRIPTS = {unicodedata.name(c).partition(" ")[0] for group in ALIKE.values() for c in group}
WHOLE_SCRIPTS = sorted(script for script in SCRIPTS if len(alike_in(script)) > 1)


@pytest.mark.parametrize("script", WHOLE_SCRIPTS)
def test_a_word_all_in_the_letters_of_one_script_is_found_beside_any_other_script(script):
    alike = alike_in(script)
    matcher = Matcher([checked_entry(Kind.WORD, "".join(sorted(alike)))])
    word = "".join(alike[letter] for letter in sorted(alike))
    around = {"ARABIC": "дом", "CYRILLIC": "نور"}.get(script, "дом نور")
    assert matcher.find(word) is not None
    assert matcher.find(f"{around} {word}") is not None


@given(st.sampled_from(["bad", "naked", "shit", "idiot", "kill", "penis"]), st.data())
def test_lookalikes_for_some_letters_never_let_a_prompt_through(word, data):
    letters = [data.draw(st.sampled_from([c, *ALIKE.get(c, [])])) for c in word]
    assert LIST.find(f"a {''.join(letters)} thing") is not None


@given(st.text(alphabet="bcdfghjklmnpqrstvwxyz ", max_size=200))
@example("ng pn s")
def test_a_prompt_without_the_letters_of_an_entry_is_never_caught(prompt):
    assert Matcher([Entry(Kind.WORD, "aoeui")]).find(prompt) is None


@given(st.text(max_size=60), st.sampled_from(["bad", "笨蛋", "hot dog", "🍆"]))
def test_a_word_on_its_own_is_found_whatever_stands_around(around, word):
    assert LIST.find(f"{around}\n{word}\n{around}") is not None


@pytest.mark.parametrize(
    "entry",
    [
        Entry(Kind.REGEX, r"(a+)+$"),
        Entry(Kind.REGEX, r"(?:a|b)*a(?:a|b){20}c"),
        Entry(Kind.REGEX, r"(?:a?){50}a{50}x"),
        Entry(Kind.PATTERN, "*a*a*a*a*a*a*a*a*ab"),
        Entry(Kind.PATTERN, "a?" * 40 + "b"),
        Entry(Kind.WORD, "a" * 99 + "b"),
    ],
    ids=lambda entry: entry.text[:12],
)
@pytest.mark.parametrize("piece", ["a", "ab", "a b ", "aа1 ", "a."])
def test_time_grows_with_the_prompt_and_not_with_its_powers(entry, piece):
    matcher = Matcher([checked_entry(entry.kind, entry.text)])

    def cost(length: int) -> float:
        prompt = (piece * length)[:length]
        matcher.find(prompt)
        return min(_seconds(matcher, prompt) for _ in range(3))

    # Eight times the length takes 64 times as long where time grows with the square.
    assert cost(16_000) < 30 * max(cost(2_000), 0.0005)


def _seconds(matcher: Matcher, prompt: str) -> float:
    start = time.thread_time()
    matcher.find(prompt)
    return time.thread_time() - start


def test_a_word_of_another_script_is_left_to_its_language():
    pot = Matcher([Entry(Kind.WORD, "pot")])
    assert pot.find("открытый рот и зубы") is None
    assert pot.find("a рот of gold") is not None
    assert pot.find("открытый роt и зубы") is not None
