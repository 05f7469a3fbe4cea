"""A day of many events before several annoscopes and one ClickHouse, second by second, with measured service times.

    .venv/bin/python bench/scaling.py [--events 100e6] [--nodes 3] [--seed 1]

A simulation: nothing runs. Annotators of three time zones work eight hours; a balancer keeps each on one annoscope, and
gives them to the others while theirs is down. Each annoscope has what it acknowledged in its journal until ClickHouse
takes it. docs/scaling.md has the result and says what it leaves out.
"""

from __future__ import annotations

import argparse
import math
import random
from dataclasses import dataclass, field

HOUR_S = 3600
DAY_S = 24 * HOUR_S


@dataclass(frozen=True)
class Measured:
    """Figures of docs/benchmarks.md and docs/scaling.md: two cores, sender and ClickHouse on the same machine."""

    # Events a second that one annoscope acknowledges, in requests of 100.
    accepted_per_s: float = 173_000
    # Rows a second that one annoscope brings from its journal into ClickHouse, while nothing else runs.
    drained_per_s: float = 37_000
    # Bytes of the journal for an event, and its bound by default.
    journal_bytes: float = 403
    journal_max_bytes: float = 4 * 2**30


@dataclass(frozen=True)
class Outage:
    """Something is away, or slow, for some time of the day."""

    what: str
    begin_s: int
    end_s: int
    # What is left of it: of a node that is killed or of a ClickHouse that is away, nothing.
    speed: float = 0.0

    def covers(self, second: int) -> bool:
        return self.begin_s <= second < self.end_s


OUTAGES = [
    Outage("node 1", 10 * HOUR_S, 10 * HOUR_S + 600),
    Outage("ClickHouse", 12 * HOUR_S, 14 * HOUR_S),
    Outage("ClickHouse", 16 * HOUR_S, 17 * HOUR_S, speed=0.02),
]


@dataclass
class Node:
    """An annoscope: work that waits for it, and events that wait for ClickHouse."""

    waiting_s: float = 0.0
    journal: float = 0.0
    n_accepted: float = 0.0
    n_refused: float = 0.0
    busiest: float = 0.0
    longest_wait_s: float = 0.0
    largest_journal: float = 0.0
    # Seconds in which more than a minute's events waited for ClickHouse.
    behind_s: int = 0
    caught_up_at: dict[int, int] = field(default_factory=dict)


def share_of_day(second: int) -> float:
    """Events of this second, as a share of an even day: three zones of eight hours, the middle one with half of all."""
    share = 0.0
    for begin_hour, weight in ((0, 0.2), (7, 0.5), (14, 0.3)):
        at = (second / HOUR_S - begin_hour) / 8
        if 0 <= at < 1:
            # A pause in the middle, and more before and after it.
            share += weight * 3 * (1 - math.cos(4 * math.pi * at))
    return share


def speed_of(what: str, second: int) -> float:
    speeds = [outage.speed for outage in OUTAGES if outage.what == what and outage.covers(second)]
    return min(speeds, default=1.0)


def simulate(n_events: float, n_nodes: int, measured: Measured, seed: int) -> list[Node]:
    chance = random.Random(seed)
    # A balancer's hash is not even: so many of all annotators are on each.
    weights = [1 + chance.uniform(-0.1, 0.1) for _ in range(n_nodes)]
    nodes = [Node() for _ in range(n_nodes)]
    for second in range(DAY_S):
        expected = n_events / DAY_S * share_of_day(second)
        n_now = max(0.0, chance.gauss(expected, 10 * math.sqrt(expected)))
        up = [weight * speed_of(f"node {number}", second) for number, weight in enumerate(weights)]
        # One insert after the other is taken by the server, whoever sends it.
        room = measured.drained_per_s * speed_of("ClickHouse", second)
        for number, node in enumerate(nodes):
            if up[number] > 0:
                accept(node, n_now * up[number] / sum(up), measured)
        drain(nodes, [number for number, share in enumerate(up) if share > 0], room, second, expected)
    return nodes


def accept(node: Node, n_events: float, measured: Measured) -> None:
    bound = measured.journal_max_bytes / measured.journal_bytes
    n_accepted = min(n_events, max(0.0, bound - node.journal))
    node.n_accepted += n_accepted
    node.n_refused += n_events - n_accepted
    node.journal += n_accepted
    node.largest_journal = max(node.largest_journal, node.journal)
    work_s = n_accepted / measured.accepted_per_s
    node.busiest = max(node.busiest, work_s)
    node.waiting_s = max(0.0, node.waiting_s + work_s - 1)
    node.longest_wait_s = max(node.longest_wait_s, node.waiting_s)


def drain(nodes: list[Node], up: list[int], room: float, second: int, rate: float) -> None:
    """Shares what ClickHouse takes among those that have something, the least first."""
    for place, number in enumerate(sorted(up, key=lambda number: nodes[number].journal)):
        node = nodes[number]
        n_taken = min(node.journal, room / (len(up) - place))
        node.journal -= n_taken
        room -= n_taken
        if node.journal > 60 * max(rate, 1) / len(nodes):
            node.behind_s += 1
        elif node.behind_s:
            for number_of_outage, outage in enumerate(OUTAGES):
                if outage.what == "ClickHouse" and outage.end_s <= second:
                    node.caught_up_at.setdefault(number_of_outage, second)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=float, default=100e6, help="events of the day")
    parser.add_argument("--nodes", type=int, default=3, help="annoscopes")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    measured = Measured()
    peak = max(share_of_day(second) for second in range(0, DAY_S, 60)) * options.events / DAY_S
    print(f"{options.events:,.0f} events, {options.nodes} annoscopes; {peak:,.0f} events/s at the busiest\n")
    print("| annoscope | accepted | refused | busiest second | longest wait | journal at most | behind by a minute |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    nodes = simulate(options.events, options.nodes, measured, options.seed)
    for number, node in enumerate(nodes):
        journal_gb = node.largest_journal * measured.journal_bytes / 1e9
        print(
            f"| {number} | {node.n_accepted / 1e6:.1f} M | {node.n_refused / 1e6:.1f} M | {node.busiest:.1%} of it "
            f"| {node.longest_wait_s:.1f} s | {journal_gb:.2f} GB | {node.behind_s / 60:.0f} min |"
        )
    print()
    for number, outage in enumerate(OUTAGES):
        caught_up = [node.caught_up_at[number] - outage.end_s for node in nodes if number in node.caught_up_at]
        if caught_up:
            what = (
                f"{outage.what} at {outage.speed:.0%} from {outage.begin_s / HOUR_S:g} h to {outage.end_s / HOUR_S:g} h"
            )
            print(f"{what}: all caught up {max(caught_up) / 60:.1f} min later")


if __name__ == "__main__":
    main()
