"""Words that a person typed -> a full-text query. Pure.

The query is Lucene's; whatever the person typed is data in it, never syntax.
"""

import re

WORDS_MAX = 10

_TOKEN = re.compile(r"\w")
_SPECIAL = re.compile(r'([+\-!(){}\[\]^"~*?:\\/&|<>= ])')


def text_query(words: str) -> str | None:
    """The query that all words must match, the last one as a prefix; None when no word has a letter or digit.

    Words with punctuation, such as ann@example.com, become phrases: the index
    cuts them at the same places as it cut the stored text.
    """
    found = [word for word in words.lower().split() if _TOKEN.search(word)][:WORDS_MAX]
    if not found:
        return None
    *whole, last = found
    # Only the part after the last cut can be the beginning of a word of the index.
    *before, beginning = [piece for piece in re.split(r"[^\w.']+", last) if _TOKEN.search(piece)]
    parts = [_phrase(word) for word in [*whole, *before]]
    parts.append(f"+{_SPECIAL.sub(_escaped, beginning.strip(_EDGES))}*")
    return " ".join(parts)


_EDGES = ".'"


def _escaped(match: re.Match[str]) -> str:
    return "\\" + match.group()


def _phrase(word: str) -> str:
    quoted = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'+"{quoted}"'
