"""Values that stand for nobody, whatever the rules say: what forms, trackers and phones send when they know nothing."""

import re

from graphcdp.model.identifiers import EMAIL, PHONE

WORDS = frozenset(
    (
        # No value at all, as programs write it.
        "null",
        "undefined",
        "none",
        "nil",
        "nan",
        "void",
        "true",
        "false",
        "-1",
        "n/a",
        "#n/a",
        "na",
        "(null)",
        "<null>",
        "(undefined)",
        "(none)",
        "<none>",
        "(empty)",
        "(blank)",
        "(unknown)",
        "(not_set)",
        "(not_provided)",
        "not_set",
        "not_provided",
        "not_available",
        "not_applicable",
        "not_authenticated",
        "[object]",
        "[object_object]",
        "{}",
        "[]",
        '""',
        "''",
        # Nobody in particular.
        "unknown",
        "anonymous",
        "guest",
        "nobody",
        "unidentified",
        # The name of the field instead of its value.
        "id",
        "user_id",
        "userid",
        "device_id",
        "deviceid",
        "anonymous_id",
        "anonymousid",
        "distinct_id",
        "distinctid",
        "email",
        "phone",
        "{{user_id}}",
        "{{email}}",
        "%user_id%",
        "%email%",
        # Typed to get past a form, or left over from a test.
        "test@test.com",
        "test@test.test",
        "test@example.com",
        "test@email.com",
        "test@gmail.com",
        "user@example.com",
        "name@example.com",
        "email@example.com",
        "noreply@example.com",
        "example@example.com",
        "email@email.com",
        "example@email.com",
        "none@none.com",
        "null@null.com",
        "na@na.com",
        "no@no.com",
        "no@email.com",
        "noemail@noemail.com",
        "unknown@unknown.com",
        "fake@fake.com",
        "a@a.com",
        "aa@aa.com",
        "aaa@aaa.com",
        "abc@abc.com",
        "asdf@asdf.com",
        "qwerty@qwerty.com",
        "123@123.com",
        # Ids that many devices share: one of early Android, and one that iOS gives instead of the real one.
        "9774d56d682e549c",
        "02:00:00:00:00:00",
    )
)
"""Compared in any case, with white space as underscores; of all kinds."""

_SPACE = re.compile(r"\s+")

_BEGINS = frozenset("{0:.-f")
"""What the patterns of all zeros and all ones begin with."""

_ALL_ZERO = re.compile(r"\{?[0:.-]+\}?")
"""Only zeros and marks: the nil UUID, cleared advertising ids and addresses of network cards."""

_ALL_ONES = re.compile(r"\{?f{8}-?f{4}-?f{4}-?f{4}-?f{12}\}?")
"""The greatest UUID."""

_NO_MAILBOX = re.compile(r"(no-?reply|do-?not-?reply|mailer-daemon)@.+")
"""Addresses of programs, at any domain: nobody reads them."""

_PLACEHOLDER_PHONE = re.compile(r"\+?\d{0,3}(\d)\1{6,}|\+?\d{0,3}(0?123456789\d?)")
"""One digit again and again, or the digits in order: phone numbers typed to get past a form."""


def stands_for_nobody(kind: str, value: str) -> bool:
    """Whether a value of this kind is one of the usual garbage."""
    folded = _SPACE.sub("_", value.casefold())
    if folded in WORDS:
        return True
    # Few values begin as these do, and a pattern costs more than a look.
    if folded[:1] in _BEGINS and (_ALL_ZERO.fullmatch(folded) or _ALL_ONES.fullmatch(folded)):
        return True
    if kind == EMAIL:
        return _NO_MAILBOX.fullmatch(folded) is not None
    return kind == PHONE and _PLACEHOLDER_PHONE.fullmatch(re.sub(r"[^\d+]", "", value)) is not None
