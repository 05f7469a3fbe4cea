"""The distribution of clients/python: what is in it, and that it needs nothing else. No server is needed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support import ROOT
from support.python_hosts import HOSTS, PACKAGE
from support.server import clean_environment


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with nothing but the package, as pip installs it."""
    directory = tmp_path_factory.mktemp("package")
    # A build writes beside its sources.
    shutil.copytree(PACKAGE, directory / "source", ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    options = ["--no-deps", "--no-build-isolation", "--target", str(directory / "installed")]
    subprocess.run([*pip, *options, str(directory / "source")], check=True)
    return directory / "installed"


def run(installed: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Python with the standard library and the package alone."""
    begin = f"import sys; sys.path.insert(0, {str(installed)!r})\n"
    return subprocess.run([sys.executable, "-I", "-S", "-c", begin + code], capture_output=True, text=True, timeout=60)


def test_all_files_are_in_it(installed: Path) -> None:
    here = {
        path.relative_to(PACKAGE)
        for path in (PACKAGE / "annoscope_recorder").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    there = {path.relative_to(installed) for path in installed.rglob("*") if "__pycache__" not in path.parts}
    assert len(here) > 20
    assert sorted(here - there) == []


def test_it_needs_the_standard_library_alone(installed: Path) -> None:
    done = run(
        installed,
        "import annoscope_recorder.asgi, annoscope_recorder.__main__\n"
        "from annoscope_recorder import create, request\n"
        "with request() as context:\n"
        "    assert context.id in create('task', {'id': 1})['payload']\n",
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_readme_s_examples_compile_and_name_what_there_is(installed: Path) -> None:
    texts = [(PACKAGE / "README.md").read_text(), (ROOT / "docs/recording.md").read_text()]
    examples = [code for text in texts for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL)]
    assert len(examples) >= 3
    for code in examples:
        compile(code, "README.md", "exec")
        imports = [line for line in code.splitlines() if re.match(r"(import|from) annoscope_recorder", line)]
        # Django's part needs settings.
        imports = [line for line in imports if ".django" not in line]
        done = run(installed, "\n".join(imports))
        assert (done.returncode, done.stderr) == (0, ""), code
        names = set(re.findall(r"\brecorder\.(\w+)", code))
        missing = run(installed, f"import annoscope_recorder as r; print([n for n in {names!r} if not hasattr(r, n)])")
        assert missing.stdout.strip() == "[]", code


def test_django_s_migrations_are_those_of_the_models(tmp_path: Path) -> None:
    environment = {"PYTHONPATH": f"{PACKAGE}:{HOSTS}", "TOOL_DATABASE": str(tmp_path / "tool.db")}
    done = subprocess.run(
        [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"],
        cwd=HOSTS,
        env={**clean_environment(), **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
