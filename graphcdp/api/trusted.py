"""Stored operations: asked for by their id, the SHA-256 of their text; in strict mode nothing else is executed.

They are a folder of `.graphql` files, or a JSON manifest of one of two shapes:

    {"<id>": "<text>", ...}
    {"operations": [{"id": "<id>", "body": "<text>", ...}, ...]}

A request names one as `documentId`, or as `extensions.persistedQuery.sha256Hash`,
the older way of some clients.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import strawberry
from graphql import GraphQLError, parse, validate

from graphcdp.api.limits import TOKENS_MAX, measured
from graphcdp.api.limits import excess as excess_of
from graphcdp.api.refusals import RefusedError
from graphcdp.model.errors import SettingsError
from graphcdp.settings import Settings

ENDINGS = frozenset((".graphql", ".gql"))
_ID = re.compile(r"[0-9a-f]{64}")
_PREFIX = "sha256:"


@dataclass(frozen=True, slots=True)
class TrustedDocuments:
    """The stored operations by id; only: whether no others are executed."""

    text_by_id: Mapping[str, str] = field(default_factory=dict)
    only: bool = False

    def document_of(self, given: Mapping[str, Any]) -> str:
        """The document that a request sends or names. Raises RefusedError when there is none, or not this one."""
        text, named = given.get("query"), given.get("documentId")
        persisted = (given.get("extensions") or {}).get("persistedQuery")
        if named is not None:
            if text is not None:
                raise RefusedError(400, "Send `query` or `documentId`, not both.")
            return self._stored(named, "documentId", "DOCUMENT_NOT_FOUND")
        if text is None and isinstance(persisted, dict):
            return self._stored(persisted.get("sha256Hash"), "sha256Hash", "PERSISTED_QUERY_NOT_FOUND")
        if not isinstance(text, str) or not text.strip():
            raise RefusedError(400, "`query` is missing: send the GraphQL document there, as text.")
        if self.only and document_id(text) not in self.text_by_id and document_id(text.strip()) not in self.text_by_id:
            raise RefusedError(
                403, "This server executes stored operations only; this is none.", "DOCUMENT_NOT_TRUSTED"
            )
        return text

    def _stored(self, named: Any, where: str, code: str) -> str:
        if not isinstance(named, str):
            raise RefusedError(400, f"`{where}` must be text: the SHA-256 of a stored document, hexadecimal.")
        found = self.text_by_id.get(named.removeprefix(_PREFIX).lower())
        if found is None:
            # Clients of the older way look for this very text, and then send the document as well.
            told = (
                "PersistedQueryNotFound" if code.startswith("PERSISTED") else "There is no stored document of this id."
            )
            raise RefusedError(400, told, code)
        return found


def document_id(text: str) -> str:
    """The id of a document: the SHA-256 of its text in UTF-8, hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def trusted_documents(settings: Settings, schema: strawberry.Schema) -> TrustedDocuments:
    """The stored operations that the settings name, each of which the schema can execute.

    Raises SettingsError with the place and the reason when one cannot be used.
    """
    if settings.trusted_documents is None:
        return TrustedDocuments()
    path = settings.trusted_documents
    text_by_id: dict[str, str] = {}
    try:
        for where, key, text in _in_folder(path) if path.is_dir() else _in_manifest(path):
            _check(where, text, schema)
            text_by_id[key] = text
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise SettingsError(f"GRAPHCDP_TRUSTED_DOCUMENTS: {path} cannot be read: {reason}.") from error
    if not text_by_id:
        raise SettingsError(f"GRAPHCDP_TRUSTED_DOCUMENTS: there is no operation in {path}.")
    return TrustedDocuments(text_by_id, settings.trusted_only)


def _in_folder(folder: Path) -> Iterator[tuple[str, str, str]]:
    for path in sorted(folder.rglob("*")):
        if path.suffix in ENDINGS and path.is_file():
            text = path.read_bytes().decode("utf-8")
            # Whether a client hashes the last line's end too is its own affair.
            yield str(path), document_id(text), text
            yield str(path), document_id(text.strip()), text


def _in_manifest(path: Path) -> Iterator[tuple[str, str, str]]:
    unusable = SettingsError(f"GRAPHCDP_TRUSTED_DOCUMENTS: {path} is no manifest: an object of texts by their SHA-256.")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, RecursionError) as error:
        raise unusable from error
    if not isinstance(manifest, dict):
        raise unusable
    listed = manifest.get("operations")
    if isinstance(listed, list):
        pairs = [(one.get("id"), one.get("body")) if isinstance(one, dict) else (None, None) for one in listed]
    else:
        pairs = list(manifest.items())
    for key, text in pairs:
        if not isinstance(key, str) or not isinstance(text, str) or not _ID.fullmatch(key.removeprefix(_PREFIX)):
            raise unusable
        yield f"{path}, {key}", key.removeprefix(_PREFIX), text


def _check(where: str, text: str, schema: strawberry.Schema) -> None:
    """Raise SettingsError when the document cannot be executed at all."""
    try:
        document = parse(text, max_tokens=TOKENS_MAX)
    except GraphQLError as error:
        raise SettingsError(f"GRAPHCDP_TRUSTED_DOCUMENTS: {where}: {error.message}") from error
    errors = validate(schema._schema, document)
    over = excess_of(measured(document, {}, schema))
    if errors or over is not None:
        reason = errors[0].message if errors else str(over)
        raise SettingsError(f"GRAPHCDP_TRUSTED_DOCUMENTS: {where}: {reason}")
