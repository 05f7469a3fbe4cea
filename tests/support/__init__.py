"""What the tests share: a real server, its users and senders, peers, and a person with a browser."""

from pathlib import Path

# The repository.
ROOT = Path(__file__).parents[2]
