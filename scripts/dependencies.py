"""Stops at a dependency that its crate does not name, and at one whose licence is not in the list (`make lint`)."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent

# Licences that a program under Apache-2.0 may link, and that ask for no more than a notice. MPL-2.0 is by file, and
# no file of such a crate is changed here.
ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
}

# Named in no source, and needed nevertheless: crate, dependency, why.
UNNAMED: dict[tuple[str, str], str] = {}


def is_allowed(expression: str) -> bool:
    """Whether an SPDX expression leaves a choice that is in the list. `/` is how crates wrote OR once."""
    words = re.findall(r"\(|\)|[^\s()/]+|/", expression)
    words = ["OR" if word == "/" else word for word in words]

    def choice() -> bool:
        result = both()
        while words and words[0] == "OR":
            words.pop(0)
            # Both sides are read, whatever the first one says.
            result = both() or result
        return result

    def both() -> bool:
        result = one()
        while words and words[0] == "AND":
            words.pop(0)
            result = one() and result
        return result

    def one() -> bool:
        word = words.pop(0)
        if word == "(":
            result = choice()
            words.pop(0)
            return result
        if words and words[0] == "WITH":
            word = f"{word} {words.pop(0)} {words.pop(0)}"
        return word in ALLOWED

    return choice()


def sources(directory: Path) -> str:
    files = [path for path in directory.rglob("*.rs") if "target" not in path.relative_to(directory).parts]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def main() -> None:
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--all-features"]
    metadata = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)
    members = set(metadata["workspace_members"])
    problems = []
    for package in metadata["packages"]:
        expression = package["license"]
        if expression is None or not is_allowed(expression):
            problems.append(f"{package['name']} {package['version']} has the licence {expression}")
        if package["id"] not in members:
            continue
        text = sources(Path(package["manifest_path"]).parent)
        for dependency in package["dependencies"]:
            name = dependency["rename"] or dependency["name"]
            is_named = re.search(rf"\b{name.replace('-', '_')}\b(::|;| as |!)", text)
            if not is_named and (package["name"], name) not in UNNAMED:
                problems.append(f"{package['name']} does not use {name}")
    for problem in problems:
        print(f"dependencies: {problem}", file=sys.stderr)
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
