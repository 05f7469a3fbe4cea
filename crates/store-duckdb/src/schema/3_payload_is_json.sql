-- Servers' payloads are kept as they came, JSON or not. DuckDB's JSON functions fail on what is none, so
-- a column says where they may look. Payloads up to here are JSON.

ALTER TABLE events ADD COLUMN payload_is_json BOOLEAN DEFAULT true;
