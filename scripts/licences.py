"""Writes the licences of everything that a package of annoscope holds beside annoscope: licences.py FILE.

The texts are those that the crates, the page's packages and DuckDB ship. Equal ones are written once.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parent.parent
TARGET = "x86_64-unknown-linux-gnu"

# Files that hold a licence, or a notice that goes with it.
LICENCE_FILE = re.compile(r"(?i)^(licen[cs]e|copying|unlicense|notice|copyright)([-._].*)?$")

# Part of the page's bundle, though the page names it as a tool: the compiler has its runtime with it.
BUNDLED_TOOLS = ["svelte"]


def crates() -> list[tuple[str, str, Path]]:
    """Name with version, licence and directory of each crate of others in the program."""
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", TARGET]
    metadata = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    waiting = [package["id"] for package in packages.values() if package["name"] == "annoscope-server"]
    seen = set(waiting)
    while waiting:
        for dependency in nodes[waiting.pop()]["deps"]:
            is_linked = any(kind["kind"] is None for kind in dependency["dep_kinds"])
            if is_linked and dependency["pkg"] not in seen:
                seen.add(dependency["pkg"])
                waiting.append(dependency["pkg"])
    found = []
    for package in (packages[name] for name in seen - set(metadata["workspace_members"])):
        directory = Path(package["manifest_path"]).parent
        found.append((f"{package['name']} {package['version']}", package["license"], directory))
    return found


def page_packages() -> list[tuple[str, str, Path]]:
    """The same of the packages in the page's bundle."""
    modules = ROOT / "web/node_modules"
    manifest = json.loads((ROOT / "web/package.json").read_text(encoding="utf-8"))
    waiting = [*manifest["dependencies"], *BUNDLED_TOOLS]
    found = {}
    while waiting:
        name = waiting.pop()
        directory = modules / name
        if name in found or not directory.is_dir():
            continue
        package = json.loads((directory / "package.json").read_text(encoding="utf-8"))
        found[name] = (f"{name} {package['version']} (npm)", package["license"], directory)
        waiting += package.get("dependencies", {})
    return list(found.values())


def texts(directory: Path) -> list[str]:
    files = sorted(path for path in directory.iterdir() if path.is_file() and LICENCE_FILE.match(path.name))
    return [path.read_text(encoding="utf-8", errors="replace").strip() for path in files]


def main() -> None:
    duckdb = Path(os.environ["DUCKDB_LIB_DIR"])
    parts = [*crates(), *page_packages(), ("DuckDB (libduckdb.so)", "MIT", duckdb)]
    parts.sort(key=lambda part: part[0].lower())
    owners: dict[str, list[str]] = defaultdict(list)
    written: dict[str, str] = {}
    for name, _, directory in parts:
        for text in texts(directory):
            key = " ".join(text.split())
            written.setdefault(key, text)
            owners[key].append(name)
    lines = ["What this package of annoscope holds of others, with the licence of each.", ""]
    lines += [f"{name}: {licence}" for name, licence, _ in parts]
    without = [name for name, _, directory in parts if not texts(directory)]
    if without:
        lines += ["", "These ship no text of the licence that they name:", *(f"  {name}" for name in without)]
    for key, names in sorted(owners.items(), key=lambda item: item[1][0].lower()):
        lines += ["", "=" * 80, ", ".join(names), "=" * 80, "", written[key]]
    Path(sys.argv[1]).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
