"""clickhouse-sqlalchemy over HTTP: what a script of it asks, as one line of JSON.

sqlalchemy_client.py HOST PORT USER PASSWORD
"""

import json
import sys

from clickhouse_sqlalchemy import get_declarative_base, make_session, types
from sqlalchemy import Column, create_engine, func, inspect

host, port, user, password = sys.argv[1:]
engine = create_engine(f"clickhouse+http://{user}:{password}@{host}:{port}/cvat")
session = make_session(engine)


class Event(get_declarative_base()):
    __tablename__ = "events"
    scope = Column(types.String, primary_key=True)
    obj_id = Column(types.Nullable(types.UInt64))
    timestamp = Column(types.DateTime64(3))


inspector = inspect(engine)
counts = session.query(Event.scope, func.count()).group_by(Event.scope).order_by(Event.scope).all()
first = session.query(Event.obj_id).filter(Event.obj_id > 2).order_by(Event.obj_id).limit(2).all()
print(
    json.dumps(
        {
            "tables": inspector.get_table_names(),
            "columns": [column["name"] for column in inspector.get_columns("events")],
            "counts": [list(row) for row in counts],
            "first": [row[0] for row in first],
        }
    )
)
