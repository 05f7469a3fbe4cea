"""The wheel of a program: for every Python, and for one platform. `scripts/dist.sh` says version and platform."""

import os

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel


class ProgramWheel(bdist_wheel):
    """Says what the program needs of the system, and nothing of a Python."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self) -> "tuple[str, str, str]":
        return ("py3", "none", os.environ["PLATFORM"])


setup(version=os.environ["VERSION"], cmdclass={"bdist_wheel": ProgramWheel})
