"""What the builders go by: scopes, names, what is left out and what is secret. The file is `tables.json`.

annoscope's own builders go by the same tables (`crates/events/src/record.rs`), which a test compares.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any, Final


def _load() -> dict[str, Any]:
    text = (files(__package__) / "tables.json").read_text(encoding="utf-8")
    tables: dict[str, Any] = json.loads(text)
    return tables


_TABLES: Final = _load()
_RESOURCES: Final[dict[str, dict[str, Any]]] = _TABLES["resources"]

# Kind of a resource -> what can be recorded of it.
ACTIONS: Final = {kind: frozenset(row["actions"]) for kind, row in _RESOURCES.items()}
# Kind of a resource -> the property that events name it by, or None.
NAMES: Final[dict[str, str | None]] = {kind: row.get("name") for kind, row in _RESOURCES.items()}
# Kind of a resource -> properties that are secret of this kind, though their names do not say so.
SECRETS: Final = {kind: frozenset(row.get("secrets", ())) for kind, row in _RESOURCES.items()}

ANNOTATION_ACTIONS: Final = frozenset(_TABLES["annotations"]["actions"])
ANNOTATION_KINDS: Final[tuple[str, ...]] = tuple(_TABLES["annotations"]["kinds"])
ANNOTATIONS_AS_ONE: Final[str] = _TABLES["annotations"]["as_one"]

LEFT_OUT_OF_CREATE: Final = frozenset(_TABLES["left_out_of_create"])
PASSED_OVER_BY_UPDATE: Final = frozenset(_TABLES["passed_over_by_update"])

SECRET_SHOWN_AS: Final[str] = _TABLES["secrets"]["shown_as"]
SECRET_WORDS: Final = frozenset(_TABLES["secrets"]["words"])
SECRET_PAIRS: Final = frozenset((first, second) for first, second in _TABLES["secrets"]["pairs"])
HARMLESS_ENDS: Final = frozenset(_TABLES["secrets"]["harmless_ends"])

LONGEST_CHARS: Final[dict[str, int]] = _TABLES["longest_chars"]


def scopes() -> frozenset[str]:
    """Every scope that the builders make."""
    of_resources = {f"{action}:{kind}" for kind, actions in ACTIONS.items() for action in actions}
    of_annotations = {
        f"{action}:{kind}" for action in ANNOTATION_ACTIONS for kind in (*ANNOTATION_KINDS, ANNOTATIONS_AS_ONE)
    }
    return frozenset(of_resources | of_annotations | set(_TABLES["others"]))
