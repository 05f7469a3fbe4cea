"""An annotation project as its events tell it: what CVAT's server logs, and what the annotators' browsers send."""

from __future__ import annotations

import datetime as dt
import json
import random
import uuid
from collections.abc import Iterator

from support import events
from support.server import Server, User

PROJECT = {"project_id": 5, "org_id": 3, "org_slug": "acme"}
ANNOTATORS = {"ada": 101, "ben": 102, "cyd": 103}
REVIEWERS = {"rex": 201, "uma": 202}
PEOPLE = ANNOTATORS | REVIEWERS | {"lea": 301}
MINUTE = dt.timedelta(minutes=1)


class Project:
    """Changes of jobs, objects and issues become events of the server; `work` becomes events of a browser."""

    def __init__(self, server: Server, seed: int = 0):
        self.server = server
        self.accounts = {name: server.add_user(name, "user", "--id", str(id)) for name, id in PEOPLE.items()}
        self.chance = random.Random(seed)
        # The state of each job, as CVAT has it.
        self.jobs: dict[int, dict] = {}
        self.sent: list[dict] = []
        # Of who asks, where a test wants it in a text.
        self.token = ""
        midnight = events.now().replace(hour=0, minute=0, second=0, microsecond=0)
        self.start = midnight - dt.timedelta(days=12)

    def at(self, day: int, time: str) -> dt.datetime:
        hours, minutes = time.split(":")
        return self.start + dt.timedelta(days=day, hours=int(hours), minutes=int(minutes))

    def request(self) -> str:
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))

    def send(
        self, scope: str, at: dt.datetime, who: str, request: str | None, data: dict | None = None, **fields: object
    ):
        """One event of the server."""
        payload = {**(data or {}), "request": {"id": request}}
        fields = {key: value for key, value in fields.items() if value is not None}
        event = events.server_event(scope, at, user_id=PEOPLE[who], user_name=who, **PROJECT, **fields)
        event["payload"] = json.dumps(payload)
        self.sent.append(event)
        self.ingest([event])

    def ingest(self, batch: list[dict]) -> None:
        answer = events.ingest(self.server, batch)
        assert answer.status_code == 200, answer.text

    def place(self, job: int) -> dict:
        return {"job_id": job, "task_id": job // 10}

    # Jobs

    def create(
        self, job: int, at: dt.datetime, frames: int, who: str = "lea", kind: str = "annotation", **more: object
    ):
        state = {"stage": "annotation", "state": "new", "assignee": None}
        self.jobs[job] = dict(state)
        data = {**state, "type": kind, "frame_count": frames, **more}
        self.send("create:job", at, who, self.request(), data, obj_id=job, **self.place(job))

    def created_unseen(self, job: int, **state: object) -> None:
        """A job that was there before anybody recorded events."""
        self.jobs[job] = {"stage": "annotation", "state": "new", "assignee": None, **state}

    def change(self, job: int, at: dt.datetime, who: str, **new: object) -> None:
        """PATCH /api/jobs/{id}: an event a property that differs; another stage resets the state."""
        old, request = self.jobs[job], self.request()
        if new.get("stage", old["stage"]) != old["stage"]:
            new.setdefault("state", "new")
        for name, value in new.items():
            if value == old[name]:
                continue
            shown, before = value, old[name]
            id = None
            if name == "assignee":
                id = PEOPLE[value] if value else None
                shown = str({"id": id, "username": value}) if value else "None"
                before = {"id": PEOPLE[before], "username": before} if before else None
            data = {"old_value": before}
            self.send("update:job", at, who, request, data, obj_name=name, obj_id=id, obj_val=shown, **self.place(job))
            # Rows of a request are made one after the other.
            at += dt.timedelta(milliseconds=2)
        self.jobs[job] = old | new

    def delete(self, job: int, at: dt.datetime, who: str = "lea") -> None:
        self.send("delete:job", at, who, self.request(), obj_id=job, **self.place(job))

    # Objects and issues

    def objects(self, job: int, at: dt.datetime, who: str, origin: str = "hand", **counts: int) -> None:
        """A save: `create=3` are three shapes, one of them a track, where there is more than one."""
        request = self.request()
        if origin == "import":
            self.send("import:dataset", at - MINUTE, who, request, {"format": "CVAT 1.1"}, **self.place(job))
        if origin in ("batch", "interactive"):
            data = {"function": {"id": "yolo"}, "category": origin}
            self.send("call:function", at - MINUTE, who, request, data, **self.place(job))
        for action, count in counts.items():
            kinds = {"shapes": count - 1, "tracks": 1} if count > 1 else {"tags": count}
            for kind, n in kinds.items():
                self.send(f"{action}:{kind}", at, who, request, {kind: []}, count=n, **self.place(job))

    def issue(self, id: int, job: int, at: dt.datetime, who: str) -> None:
        self.send("create:issue", at, who, self.request(), obj_id=id, **self.place(job))

    def resolve(self, job: int, at: dt.datetime, who: str, value: bool = True) -> None:
        data = {"old_value": not value}
        self.send(
            "update:issue", at, who, self.request(), data, obj_name="resolved", obj_val=str(value), **self.place(job)
        )

    def delete_issue(self, id: int, job: int, at: dt.datetime, who: str) -> None:
        self.send("delete:issue", at, who, self.request(), obj_id=id, **self.place(job))

    # Working time

    def work(self, job: int, at: dt.datetime, who: str, minutes: int, pause_after: int | None = None) -> None:
        """Clicks each half minute, in one request; a pause of five minutes after some of them, if asked for."""
        ids = {**self.place(job), "project_id": PROJECT["project_id"]}
        batch = []
        for index in range(2 * minutes + 1):
            batch.append(events.event("click:element", at, **ids, obj_id=index))
            at += MINUTE / 2
            if pause_after is not None and index == 2 * pause_after:
                at += 5 * MINUTE
        answer = events.send(self.server, self.account(who), batch)
        assert answer.status_code == 201, answer.text

    def account(self, who: str) -> User:
        return self.accounts[who]

    def told_hours(self, job: int, at: dt.datetime, who: str, ms: int) -> None:
        """Working time as CVAT's own server stored it: without intervals."""
        self.send(
            "send:working_time", at, who, self.request(), {"working_time": ms}, duration=ms, count=1, **self.place(job)
        )


def scripted(project: Project) -> None:
    """Three annotators, two reviewers, an administrator; six jobs of two tasks."""
    at = project.at
    for job, frames in ((11, 100), (12, 40), (13, 60), (21, 25), (22, 80)):
        project.create(job, at(0, "08:00"), frames)
    # A frame range in place of a count; a ground truth job, which is in no total.
    project.create(23, at(0, "08:01"), 10, kind="ground_truth")

    # Job 11: annotated, rejected twice, accepted in the third round.
    project.change(11, at(0, "08:10"), "lea", assignee="ada")
    project.change(11, at(0, "08:30"), "ada", state="in progress")
    project.work(11, at(0, "08:31"), "ada", 40, pause_after=10)
    project.objects(11, at(0, "09:20"), "ada", create=50, update=4, delete=2)
    project.change(11, at(0, "09:30"), "ada", state="completed")
    project.change(11, at(0, "10:00"), "lea", stage="validation")
    project.change(11, at(0, "10:01"), "lea", assignee="rex")
    project.work(11, at(1, "10:00"), "rex", 20)
    project.issue(900, 11, at(1, "10:05"), "rex")
    project.issue(901, 11, at(1, "10:07"), "rex")
    project.issue(902, 11, at(1, "10:09"), "rex")
    project.change(11, at(1, "10:30"), "rex", state="rejected")
    project.change(11, at(1, "10:40"), "lea", stage="annotation", assignee="ada")
    project.work(11, at(1, "11:00"), "ada", 15)
    project.objects(11, at(1, "11:20"), "ada", create=5, delete=3)
    project.resolve(11, at(1, "11:25"), "ada")
    project.resolve(11, at(1, "11:26"), "ada")
    project.resolve(11, at(1, "11:27"), "ada", value=False)
    project.delete_issue(902, 11, at(1, "11:28"), "rex")
    project.change(11, at(1, "11:30"), "ada", stage="validation", assignee="uma")
    project.work(11, at(2, "09:00"), "uma", 10)
    project.change(11, at(2, "09:20"), "uma", stage="annotation", assignee="ada")
    project.work(11, at(2, "10:00"), "ada", 5)
    project.resolve(11, at(2, "10:06"), "ada")
    project.change(11, at(2, "10:10"), "ada", stage="validation", assignee="uma")
    project.work(11, at(2, "11:00"), "uma", 5)
    project.change(11, at(2, "11:10"), "uma", stage="acceptance")
    project.change(11, at(2, "11:11"), "uma", state="completed")

    # Job 12: accepted at first; ben works over midnight of Berlin, and in two browsers at once.
    project.change(12, at(0, "08:12"), "lea", assignee="ben")
    project.change(12, at(0, "21:00"), "ben", state="in progress")
    project.work(12, at(0, "21:30"), "ben", 45)
    project.work(13, at(0, "21:50"), "ben", 10)
    project.work(12, at(0, "23:50"), "ben", 30)
    project.objects(12, at(1, "00:30"), "ben", create=20)
    project.objects(12, at(1, "00:31"), "ben", origin="interactive", create=1)
    project.change(12, at(1, "00:40"), "ben", state="completed")
    project.change(12, at(1, "09:00"), "rex", state="completed", stage="validation", assignee="rex")
    project.work(12, at(1, "09:05"), "rex", 10)
    project.change(12, at(1, "09:30"), "rex", stage="acceptance")

    # Job 13: an import and a model over all frames, then handed from ben to cyd; nobody decided yet.
    project.change(13, at(0, "08:14"), "lea", assignee="ben")
    project.objects(13, at(0, "12:00"), "ben", origin="import", create=300)
    project.objects(13, at(0, "12:30"), "ben", origin="batch", create=150, delete=300)
    project.work(13, at(2, "08:00"), "ben", 20)
    project.change(13, at(2, "09:00"), "lea", assignee="cyd")
    project.work(13, at(2, "09:30"), "cyd", 25)
    project.objects(13, at(2, "09:50"), "cyd", create=12, update=30, delete=4)
    project.objects(13, at(2, "09:55"), "cyd", create=80, delete=75)
    # Rex looks over it without being assigned, and sends it back.
    project.change(13, at(2, "10:00"), "cyd", stage="validation")
    project.change(13, at(2, "10:05"), "rex", stage="annotation")
    project.work(13, at(2, "10:30"), "cyd", 5)
    project.change(13, at(2, "10:40"), "cyd", stage="validation")

    # Job 21: rex annotates nothing, but works in the stage annotation of a round that he decides: review.
    project.change(21, at(3, "08:00"), "lea", assignee="cyd")
    project.work(21, at(3, "08:10"), "cyd", 10)
    project.objects(21, at(3, "08:20"), "cyd", create=9)
    project.work(21, at(3, "08:30"), "rex", 6)
    project.change(21, at(3, "08:40"), "rex", state="rejected")
    project.change(21, at(3, "08:45"), "cyd", state="in progress")
    project.work(21, at(3, "08:46"), "cyd", 4)
    # Cyd accepts her own work: nobody's decision.
    project.change(21, at(3, "09:00"), "cyd", stage="acceptance")
    project.told_hours(21, at(3, "09:10"), "cyd", 61_000)

    # Job 22: worked on, then deleted; a browser's last batch comes after that.
    project.work(22, at(3, "10:00"), "ada", 10)
    project.issue(903, 22, at(3, "10:11"), "uma")
    project.delete(22, at(3, "10:30"))
    project.work(22, at(3, "10:31"), "ada", 2)

    project.change(23, at(3, "11:00"), "lea", assignee="uma")
    project.work(23, at(3, "11:10"), "uma", 8)
    project.change(23, at(3, "11:30"), "uma", stage="acceptance")

    # A job that was there before: what it was, its first changes tell.
    project.created_unseen(31, stage="annotation", state="in progress", assignee="ben")
    project.work(31, at(4, "08:00"), "ben", 12)
    project.change(31, at(4, "08:20"), "ben", state="completed")
    project.change(31, at(4, "08:30"), "rex", stage="validation", assignee="rex")
    project.work(31, at(4, "08:40"), "rex", 6)
    project.change(31, at(4, "09:00"), "rex", state="completed")
    # Work that is of no job, and of a job that no event tells of.
    project.work(41, at(4, "10:00"), "ben", 3)


def at_random(project: Project, n: int = 150) -> None:
    """Whatever may happen to a few jobs, in the order of time."""
    chance = project.chance
    jobs = [11, 12, 13, 21, 22]
    at = project.at(0, "06:00")
    for job in jobs[:3]:
        project.create(job, at, chance.randrange(1, 200), kind=chance.choice(["annotation", "annotation", "consensus"]))
    for job in jobs[3:]:
        project.created_unseen(job)
    for index in range(n):
        at += dt.timedelta(minutes=chance.randrange(1, 90), seconds=chance.randrange(60))
        job, who = chance.choice(jobs), chance.choice(list(PEOPLE))
        match chance.choices(
            ["change", "work", "objects", "issue", "resolve", "told", "delete"], [40, 30, 15, 5, 6, 3, 1]
        )[0]:
            case "change":
                properties = {
                    "stage": chance.choice(["annotation", "validation", "acceptance"]),
                    "state": chance.choice(["new", "in progress", "completed", "rejected"]),
                    "assignee": chance.choice([None, *PEOPLE]),
                }
                some = chance.sample(list(properties), chance.choice([1, 1, 2, 3]))
                project.change(job, at, who, **{name: properties[name] for name in some})
            case "work":
                project.work(job, at, who, chance.randrange(1, 20), chance.choice([None, 0, 1]))
            case "objects":
                counts = {
                    action: chance.randrange(1, 40) for action in chance.sample(["create", "update", "delete"], 2)
                }
                project.objects(job, at, who, chance.choice(["hand", "hand", "import", "batch"]), **counts)
            case "issue":
                project.issue(1000 + index, job, at, who)
            case "resolve":
                project.resolve(job, at, who, chance.random() < 0.8)
            case "told":
                project.told_hours(job, at, who, chance.randrange(1, 300_000))
            case "delete":
                project.delete(job, at)


def batches(sent: list[dict], chance: random.Random) -> Iterator[list[dict]]:
    """The same events again, in any order."""
    again = sent.copy()
    chance.shuffle(again)
    for index in range(0, len(again), 40):
        yield again[index : index + 40]
