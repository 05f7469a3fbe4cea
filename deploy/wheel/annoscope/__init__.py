"""The program annoscope, as `pip install annoscope` brings it: this package runs it and does nothing else."""

import os
import sys
from pathlib import Path


def main() -> None:
    """Becomes the program: signals and the exit code are its own."""
    program = Path(__file__).with_name("bin") / "annoscope"
    os.execv(program, [str(program), *sys.argv[1:]])
