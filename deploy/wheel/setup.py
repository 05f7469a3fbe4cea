"""The wheel of a program: for every Python, and for one platform. `scripts/dist.sh` says version and platform."""

import os

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel


class ProgramDistribution(Distribution):
    """Has files of a platform, though no module of C."""

    def has_ext_modules(self) -> bool:
        return True


class ProgramWheel(bdist_wheel):
    """Says what the program needs of the system, and nothing of a Python."""

    def get_tag(self) -> "tuple[str, str, str]":
        return ("py3", "none", os.environ["PLATFORM"])


setup(version=os.environ["VERSION"], distclass=ProgramDistribution, cmdclass={"bdist_wheel": ProgramWheel})
