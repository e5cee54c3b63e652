"""Words that a person typed -> a full-text query. Pure.

The query is Lucene's; whatever the person typed is data in it, never syntax.
The index keeps Latin letters without accents. Lucene brings whole words of a query
to the same form, but not beginnings of words, so that is done here.
"""

import re
import unicodedata

WORDS_MAX = 10

_TOKEN = re.compile(r"\w")
_SPECIAL = re.compile(r'([+\-!(){}\[\]^"~*?:\\/&|<>= ])')
_EDGES = ".'"
_APOSTROPHES = str.maketrans(dict.fromkeys("‘’ʼ＇", "'"))
_LATIN = str.maketrans(
    {"đ": "d", "ð": "d", "ø": "o", "ł": "l", "ħ": "h", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th"}
)
"""Letters that are not a letter with a mark."""


def text_query(words: str) -> str | None:
    """The query that all words must match, the last one as a prefix; None when no word has a letter or digit.

    Words with punctuation, such as ann@example.com, become phrases: the index
    cuts them at the same places as it cut the stored text. A last word that is not
    plain Latin is looked up as it is, too: Chinese, for one, is cut into single
    characters, so that a word of two is the beginning of nothing.
    """
    text = unicodedata.normalize("NFC", words.lower()).translate(_APOSTROPHES)
    found = [word for word in text.split() if _TOKEN.search(word)][:WORDS_MAX]
    if not found:
        return None
    *whole, last = found
    # Only the part after the last cut can be the beginning of a word of the index.
    *before, beginning = [piece for piece in re.split(r"[^\w.']+", last) if _TOKEN.search(piece)]
    beginning = beginning.strip(_EDGES)
    parts = [f"+{_phrase(word)}" for word in [*whole, *before]]
    prefix = f"{_SPECIAL.sub(_escaped, plain(beginning))}*"
    parts.append(f"+{prefix}" if beginning.isascii() else f"+({_phrase(beginning)} {prefix})")
    return " ".join(parts)


def plain(word: str) -> str:
    """The word, lower case, as the index keeps it: Latin letters without accents; other scripts as they are."""
    decomposed = unicodedata.normalize("NFKD", word.translate(_LATIN))
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return bare if bare.isascii() else word


def _escaped(match: re.Match[str]) -> str:
    return "\\" + match.group()


def _phrase(word: str) -> str:
    quoted = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"'
