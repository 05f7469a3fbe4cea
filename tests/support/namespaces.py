"""Network namespaces (Linux, root): a machine of its own for a server, whose network can be cut and slowed down."""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid

import pytest


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


class Namespace:
    """Joined to this machine by one link, which has the address `host` here and `address` there."""

    def __init__(self, number: int) -> None:
        if os.geteuid() != 0 or not shutil.which("ip") or not shutil.which("tc"):
            pytest.skip("network namespaces need root, ip and tc")
        self.name = f"annoscope-{uuid.uuid4().hex[:8]}"
        # Names of links have 15 characters at most.
        self.link = f"an{self.name[-8:]}"
        self.host, self.address = f"10.231.{number}.1", f"10.231.{number}.2"
        try:
            ip("netns", "add", self.name)
        except subprocess.CalledProcessError as error:
            pytest.skip(f"there are no network namespaces: {error.stderr.strip()}")
        try:
            ip("link", "add", self.link, "type", "veth", "peer", "name", "eth0", "netns", self.name)
            ip("addr", "add", f"{self.host}/30", "dev", self.link)
            ip("link", "set", self.link, "up")
            for words in (("addr", "add", f"{self.address}/30", "dev", "eth0"), ("link", "set", "eth0", "up")):
                ip("-n", self.name, *words)
            ip("-n", self.name, "link", "set", "lo", "up")
        except subprocess.CalledProcessError:
            self.close()
            raise

    @property
    def command(self) -> list[str]:
        """What runs a program there, in its own place."""
        return ["ip", "netns", "exec", self.name]

    def cut(self) -> None:
        """Nothing goes through, and nobody on this side is told: its end of the link stays, so that no other route is
        taken."""
        ip("-n", self.name, "link", "set", "eth0", "down")

    def join(self) -> None:
        ip("-n", self.name, "link", "set", "eth0", "up")

    def slow_down(self, rate: str) -> None:
        """No more than that goes in, as `300kbit`."""
        words = ["root", "tbf", "rate", rate, "burst", "16k", "latency", "2s"]
        subprocess.run(["tc", "qdisc", "replace", "dev", self.link, *words], check=True, capture_output=True)

    def speed_up(self) -> None:
        subprocess.run(["tc", "qdisc", "del", "dev", self.link, "root"], check=True, capture_output=True)

    def close(self) -> None:
        """Its link goes with it."""
        ip("netns", "del", self.name)
