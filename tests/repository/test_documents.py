"""What documents and comments name exists: links, headings, files, tests. No server is needed."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from support import ROOT

TRACKED = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
    cwd=ROOT,
    capture_output=True,
    text=True,
    check=True,
).stdout.splitlines()
TRACKED = [name for name in TRACKED if (ROOT / name).is_file()]
# What changed once is told with the names of then.
DOCUMENTS = [name for name in TRACKED if name.endswith(".md") and name != "CHANGELOG.md"]
SOURCES = [name for name in TRACKED if name.endswith((".rs", ".py", ".ts", ".svelte", ".sh", ".toml", "Makefile"))]
ENDINGS = r"(?:rs|py|md|ts|svelte|toml|sql|txt|sh|json)"
PATH = re.compile(rf"`((?:[\w.{{}},-]+/)*[\w.{{}},-]+\.{ENDINGS})`")
# Of a source: its comments are not told apart from the rest, and need not be.
PATH_OF_TEST = re.compile(r"\b((?:[\w-]+/)*(?:test_\w+\.py|tests\.rs))\b")
# A sentence of a test: other names have fewer words.
SENTENCE = re.compile(r"`(?:[\w/.]*::)?([a-z0-9]+(?:_[a-z0-9]+){4,})`")
# `name`, `other` in `file`.
NAMES_IN_FILE = re.compile(rf"((?:`\w+`(?:,\s+|\s+and\s+)?)+)\s+in\s+`([\w/.-]+\.{ENDINGS})`")
# Of tables: `file::name`, `::name` in the file before it.
FILE_AND_NAME = re.compile(r"`([\w/]+\.(?:py|rs))?::(\w+)`")
# [text](target)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
# What is made when the project runs or is built, and what lies beside it.
NOT_TRACKED = {"annoscope.toml", "UID.json", "backups.json", "manifest.json", "mod.rs", "restore.json"}
# Examples in recipes.
NOT_TRACKED |= {"NAME.rs"}
# Of a data directory and of a backup.
NOT_TRACKED |= {"backups.json", "manifest.json", "restore.json"}

# Settings of ClickHouse's, which our code need not know.
CLICKHOUSES = ("input_format_", "output_format_")


@cache
def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@cache
def files_called(path: str) -> tuple[str, ...]:
    """Files whose path ends so; `{a,b}` stands for each."""
    alternatives = re.search(r"\{([^}]*)\}", path)
    if alternatives:
        parts = alternatives[1].split(",")
        found = [files_called(path.replace(alternatives[0], part, 1)) for part in parts]
        return tuple(name for names in found for name in names) if all(found) else ()
    return tuple(name for name in TRACKED if name == path or name.endswith(f"/{path}"))


def anchors(document: str) -> set[str]:
    """As GitHub makes them of headings."""
    kept = (
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(text_of(document))
    )
    return set(kept)


@cache
def words_of_code() -> set[str]:
    """Those of sources, without the lines that are comments."""
    lines = (line for name in SOURCES for line in text_of(name).splitlines())
    code = (line for line in lines if not line.lstrip().startswith(("//", "#", "/*", "* ")))
    return set(re.findall(r"\w+", "\n".join(code)))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    for target in LINK.findall(text_of(document)):
        if re.match(r"https?:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / document).parent / path if path else ROOT / document
        assert file.exists(), f"{document} links to {target}"
        if anchor:
            assert anchor in anchors(str(file.resolve().relative_to(ROOT))), f"{document} links to {target}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_files_that_documents_name_exist(document: str) -> None:
    named = {path for path in PATH.findall(text_of(document)) if Path(path).name not in NOT_TRACKED}
    assert [path for path in sorted(named) if not files_called(path)] == []


def test_tests_that_sources_name_by_file_exist() -> None:
    named = {(path, name) for name in SOURCES for path in PATH_OF_TEST.findall(text_of(name))}
    assert [f"{name}: {path}" for path, name in sorted(named) if not files_called(path)] == []


def called(name: str) -> set[str]:
    """What the code may call it: metrics have beginnings and an ending that are added elsewhere."""
    bare = name.removesuffix("_total").removeprefix("annoscope_")
    return {name, bare, bare.removeprefix("store_")}


@pytest.mark.parametrize("kind", ["documents", "sources"])
def test_tests_that_are_named_exist(kind: str) -> None:
    files = DOCUMENTS if kind == "documents" else SOURCES
    named = {(word, name) for name in files for word in SENTENCE.findall(text_of(name))}
    named = {(word, name) for word, name in named if not word.startswith(CLICKHOUSES)}
    assert len(named) > 5
    known = words_of_code()
    assert [f"{name}: {word}" for word, name in sorted(named) if not called(word) & known] == []


def test_names_are_in_the_files_that_are_said_to_have_them() -> None:
    wrong, n_named = [], 0
    for name in [*DOCUMENTS, *SOURCES]:
        # Comments go on in the next line.
        text = re.sub(r"\n\s*(?://[/!]?|#)? *", " ", text_of(name))
        for words, path in NAMES_IN_FILE.findall(text):
            n_named += 1
            found = "\n".join(text_of(file) for file in files_called(path))
            wrong += [f"{name}: {word} in {path}" for word in re.findall(r"\w+", words) if word not in found]
    assert n_named > 5
    assert wrong == []


@pytest.mark.parametrize("document", ["SECURITY.md"])
def test_each_point_names_tests_that_exist(document: str) -> None:
    file, n_named = "", 0
    for match in FILE_AND_NAME.finditer(text_of(document)):
        file = match[1] or file
        n_named += 1
        found = "\n".join(text_of(name) for name in files_called(file))
        assert re.search(rf"\b(def|fn) {match[2]}\(", found), f"{file} has no {match[2]}"
    assert n_named > 50


def test_headings_of_the_contract_that_sources_name_exist() -> None:
    headings = set(HEADING.findall(text_of("docs/contract.md")))
    named = set()
    for name in SOURCES:
        text = re.sub(r"\n\s*(?://[/!]?|#)? *", " ", text_of(name))
        named |= {(heading, name) for heading in re.findall(r'contract\.md,? (?:has it )?(?:in )?"([^"]+)"', text)}
    assert len(named) > 10
    assert [f"{name}: {heading}" for heading, name in sorted(named) if heading not in headings] == []


def test_every_setting_is_documented() -> None:
    settings = re.findall(r'path: "([\w.]+)"', text_of("crates/server/src/config/keys.rs"))
    assert len(settings) > 40
    document = text_of("docs/operations.md")
    assert [setting for setting in settings if f"`{setting}`" not in document] == []
