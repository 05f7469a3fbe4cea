"""`python -m annoscope`, where the directory of scripts is not in the path."""

from annoscope import main

main()
