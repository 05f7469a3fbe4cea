-- What a server's event says of the user's request that caused it, beside CVAT's record.

ALTER TABLE events ADD COLUMN access_token_id BIGINT;
ALTER TABLE events ADD COLUMN remote_addr VARCHAR;
