-- What hidden columns did not tell, so that queries had to read the payload for it: texts of values
-- that are null, arrays or objects get a mark (annoscope_events::MARK), and whether there is a payload
-- gets a column.

ALTER TABLE events ADD COLUMN has_payload BOOLEAN DEFAULT true;
UPDATE events SET has_payload = false WHERE payload IS NULL;

UPDATE events SET payload_message = chr(0) || payload_message
WHERE (payload_message = '' OR payload_message[1] IN ('{', '['))
    AND json_type(payload, '$.message') IN ('NULL', 'ARRAY', 'OBJECT');

UPDATE events SET payload_stack = chr(0) || payload_stack
WHERE (payload_stack = '' OR payload_stack[1] IN ('{', '['))
    AND json_type(payload, '$.stack') IN ('NULL', 'ARRAY', 'OBJECT');

UPDATE events SET payload_platform_name = chr(0) || payload_platform_name
WHERE (payload_platform_name = '' OR payload_platform_name[1] IN ('{', '['))
    AND json_type(payload, '$.platform.name') IN ('NULL', 'ARRAY', 'OBJECT');

UPDATE events SET payload_platform_version = chr(0) || payload_platform_version
WHERE (payload_platform_version = '' OR payload_platform_version[1] IN ('{', '['))
    AND json_type(payload, '$.platform.version') IN ('NULL', 'ARRAY', 'OBJECT');

UPDATE events SET payload_platform_os = chr(0) || payload_platform_os
WHERE (payload_platform_os = '' OR payload_platform_os[1] IN ('{', '['))
    AND json_type(payload, '$.platform.os') IN ('NULL', 'ARRAY', 'OBJECT');
