"""An annotation server on FastAPI and SQLite: projects with tasks and jobs. Run by uvicorn, from the environment.

TOOL_DATABASE: its file; TOOL_ANNOSCOPE: annoscope's ingest port, or nothing for a host that does not send.
"""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Annotated, Any

import annoscope_recorder as recorder
from annoscope_recorder import Cascade, HostOutbox, Organization, Relay, Sender, User
from annoscope_recorder.asgi import RecorderMiddleware, exception_event
from fastapi import BackgroundTasks, Body, Depends, FastAPI, Header, HTTPException, Request
from fastapi.responses import JSONResponse

SCHEMA = """
CREATE TABLE IF NOT EXISTS project (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE IF NOT EXISTS task (id INTEGER PRIMARY KEY, name TEXT, project_id INTEGER);
CREATE TABLE IF NOT EXISTS job (id INTEGER PRIMARY KEY, state TEXT, task_id INTEGER, assignee_id INTEGER);
"""


def connect() -> sqlite3.Connection:
    connection = sqlite3.connect(os.environ["TOOL_DATABASE"], timeout=30)
    connection.row_factory = sqlite3.Row
    return connection


with closing(connect()) as first:
    first.execute("PRAGMA journal_mode = WAL")
    first.executescript(SCHEMA)
outbox = HostOutbox(connect)
outbox.create_tables()
url = os.environ.get("TOOL_ANNOSCOPE")
relay = Relay(outbox, Sender(url), period_s=0.05) if url else None
api = FastAPI()


def authenticate(x_user: Annotated[str, Header()]) -> None:
    """Runs in a thread, with a copy of the request's context."""
    user_id, name = x_user.split(":")
    recorder.identify(User(int(user_id), name, f"{name}@example.com"), Organization(2, "acme"))


def transaction() -> Iterator[sqlite3.Connection]:
    """A request's: what raises leaves nothing behind."""
    with closing(connect()) as connection, connection:
        yield connection


Database = Annotated[sqlite3.Connection, Depends(transaction, scope="function")]
authenticated = [Depends(authenticate)]


def row_of(database: sqlite3.Connection, table: str, row_id: int) -> dict[str, Any]:
    row = database.execute(f"SELECT * FROM {table} WHERE id = ?", (row_id,)).fetchone()
    if row is None:
        raise HTTPException(404)
    return dict(row)


@api.post("/projects", dependencies=authenticated)
def create_project(database: Database, name: Annotated[str, Body(embed=True)]) -> dict[str, Any]:
    project = {"id": database.execute("INSERT INTO project (name) VALUES (?)", (name,)).lastrowid, "name": name}
    outbox.record(database, recorder.create("project", project))
    return project


@api.post("/tasks", dependencies=authenticated)
def create_task(
    database: Database, name: Annotated[str, Body()], project_id: Annotated[int, Body()], n_jobs: Annotated[int, Body()]
) -> dict[str, Any]:
    insert = database.execute("INSERT INTO task (name, project_id) VALUES (?, ?)", (name, project_id))
    task = {"id": insert.lastrowid, "name": name, "project_id": project_id}
    jobs = []
    for _ in range(n_jobs):
        job_id = database.execute("INSERT INTO job (state, task_id) VALUES ('new', ?)", (task["id"],)).lastrowid
        jobs.append({"id": job_id, "state": "new", "task_id": task["id"], "project_id": project_id})
    outbox.record(database, recorder.create("task", task), [recorder.create("job", job) for job in jobs])
    return {**task, "jobs": [job["id"] for job in jobs]}


@api.patch("/jobs/{job_id}", dependencies=authenticated)
def change_job(database: Database, job_id: int, change: Annotated[dict[str, Any], Body()]) -> dict[str, Any]:
    old = row_of(database, "job", job_id)
    new = {**old, **change}
    database.execute("UPDATE job SET state = :state, assignee_id = :assignee_id WHERE id = :id", new)
    project_id = row_of(database, "task", old["task_id"])["project_id"]
    place = recorder.Place(project_id=project_id)
    outbox.record(database, recorder.update("job", old, new, place=place))
    if change.get("state") == "impossible":
        raise HTTPException(409)
    return new


@api.delete("/projects/{project_id}", dependencies=authenticated)
def delete_project(database: Database, project_id: int) -> None:
    cascade = Cascade()
    cascade.remember("project", row_of(database, "project", project_id))
    tasks = database.execute("SELECT * FROM task WHERE project_id = ?", (project_id,)).fetchall()
    for task in map(dict, tasks):
        cascade.remember("task", task)
        jobs = database.execute("SELECT * FROM job WHERE task_id = ?", (task["id"],)).fetchall()
        cascade.remember_all("job", map(dict, jobs))
        database.execute("DELETE FROM job WHERE task_id = ?", (task["id"],))
    database.execute("DELETE FROM task WHERE project_id = ?", (project_id,))
    database.execute("DELETE FROM project WHERE id = ?", (project_id,))
    outbox.record(database, cascade.deleted())


@api.post("/jobs/{job_id}/import", dependencies=authenticated)
def import_annotations(database: Database, job_id: int, background: BackgroundTasks) -> None:
    place = recorder.Place(job_id=job_id)
    outbox.record(database, recorder.dataset("import", "COCO 1.0", place=place))
    background.add_task(import_in_background, job_id)


def import_in_background(job_id: int) -> None:
    with closing(connect()) as connection, connection:
        shapes = {"shapes": [{"id": 1, "type": "mask"}, {"id": 2, "type": "mask"}]}
        place = recorder.Place(job_id=job_id)
        outbox.record(connection, recorder.annotations_changed("create", shapes, place=place))


@api.post("/fail", dependencies=authenticated)
def fail(database: Database) -> None:
    outbox.record(database, recorder.create("project", {"id": 99, "name": "never"}))
    raise RuntimeError("a bug")


@api.post("/projects-then-die", dependencies=authenticated)
def create_and_die(database: Database, name: Annotated[str, Body(embed=True)]) -> None:
    """Killed between the commit and everything that comes after it."""
    project = {"id": database.execute("INSERT INTO project (name) VALUES (?)", (name,)).lastrowid, "name": name}
    outbox.record(database, recorder.create("project", project))
    database.commit()
    os.kill(os.getpid(), signal.SIGKILL)


@api.exception_handler(HTTPException)
def answer_and_record(request: Request, error: HTTPException) -> JSONResponse:
    """As CVAT does: each error of a view is an event."""
    record_exception(exception_event(request.scope, error, error.status_code))
    return JSONResponse({"detail": error.detail}, error.status_code)


def record_exception(events: list[recorder.Event]) -> None:
    """In a transaction of its own: the request's is rolled back."""
    with closing(connect()) as connection, connection:
        outbox.record(connection, events)


app = RecorderMiddleware(api, record=record_exception, relay=relay)
