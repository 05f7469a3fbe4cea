"""The README's pictures: each dashboard with demo data, light and dark. Run by `make screenshots`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from playwright.sync_api import sync_playwright  # noqa: E402
from support.server import BINARY, Server, clean_environment  # noqa: E402

PICTURES = ROOT / "docs/screenshots"
VIEWS = ["", "all-events", "management", "monitoring", "timesheet"]


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="annoscope-screenshots-") as directory, sync_playwright() as playwright:
        server = Server(Path(directory) / "data", Path(directory) / "server.log").start()
        user = server.add_user("lena", "admin")
        demo = ["demo", "--url", server.ingest_url, "--events", "200000", "--days", "30", "--seed", "1"]
        subprocess.run([BINARY, *demo], check=True, env=clean_environment(), capture_output=True)
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=scheme)
            page = context.new_page()
            page.goto(f"{server.url}/analytics/")
            page.get_by_label("Name or e-mail").fill(user.name)
            page.get_by_label("Password").fill(user.password)
            page.get_by_role("button", name="Log in").click()
            page.get_by_role("heading", name="Dashboards", exact=True).wait_for()
            for view in VIEWS:
                page.goto(f"{server.url}/analytics/{f'd/{view}' if view else ''}")
                page.wait_for_load_state("networkidle")
                page.screenshot(path=PICTURES / f"{view or 'start'}-{scheme}.png")
            context.close()
        browser.close()
        server.close()


if __name__ == "__main__":
    main()
