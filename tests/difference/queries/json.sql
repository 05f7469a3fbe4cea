-- hours-worked: the sum that the dashboards are for
SELECT user_id, sum(JSONExtractUInt(payload, 'working_time')) / 1000 / 3600 AS hours FROM events WHERE scope = 'send:working_time' GROUP BY user_id ORDER BY user_id;

-- every-form-as-uint: numbers, texts, floats, booleans, objects and what is missing, read as UInt64
SELECT JSONExtractRaw(payload, 'v') AS raw, JSONExtractUInt(payload, 'v') AS v, count() AS n FROM events WHERE scope IN ('click:element', 'draw:object') GROUP BY raw, v ORDER BY raw, v;

-- every-form-as-int: the same as Int64
SELECT JSONExtractRaw(payload, 'v') AS raw, JSONExtractInt(payload, 'v') AS v, count() AS n FROM events WHERE scope IN ('click:element', 'draw:object') GROUP BY raw, v ORDER BY raw, v;

-- every-form-as-float: the same as Float64
SELECT JSONExtractRaw(payload, 'v') AS raw, JSONExtractFloat(payload, 'v') AS v, count() AS n FROM events WHERE scope IN ('click:element', 'draw:object') GROUP BY raw, v ORDER BY raw, v;

-- every-form-as-text: the same as String
SELECT JSONExtractRaw(payload, 'v') AS raw, JSONExtractString(payload, 'v') AS v, count() AS n FROM events WHERE scope IN ('click:element', 'draw:object') GROUP BY raw, v ORDER BY raw, v;

-- every-form-as-bool: the same as Bool
SELECT JSONExtractRaw(payload, 'v') AS raw, JSONExtractBool(payload, 'v') AS v, count() AS n FROM events WHERE scope IN ('click:element', 'draw:object') GROUP BY raw, v ORDER BY raw, v;

-- every-type: JSONType of every form
SELECT JSONType(payload) AS whole, JSONType(payload, 'v') AS v, count() AS n FROM events GROUP BY whole, v ORDER BY whole, v;

-- every-length: JSONLength of arrays and objects, 0 of others
SELECT JSONExtractRaw(payload, 'v') AS raw, JSONLength(payload) AS whole, JSONLength(payload, 'v') AS v FROM events WHERE scope IN ('click:element') GROUP BY raw, whole, v ORDER BY raw, whole, v;

-- presence: JSONHas of a null is 1, of nothing 0, of no payload NULL
SELECT JSONHas(payload, 'v') AS v, JSONHas(payload, 'w') AS w, JSONHas(payload, 'v', 'a', 'b') AS deep, JSONHas(payload, 'points', 1) AS first, count() AS n FROM events GROUP BY ALL ORDER BY v, w, deep, first;

-- constants-as-uint: what the rules say about single values
SELECT JSONExtractUInt('{"a": "12"}', 'a') AS text, JSONExtractUInt('{"a": 1.7}', 'a') AS cut, JSONExtractUInt('{"a": "1.5"}', 'a') AS text_cut, JSONExtractUInt('{"a": 1e3}', 'a') AS thousand,
       JSONExtractUInt('{"a": -1}', 'a') AS negative, JSONExtractUInt('{"a": true}', 'a') AS yes, JSONExtractUInt('{"a": 18446744073709551615}', 'a') AS most, JSONExtractUInt('{"a": 1e30}', 'a') AS overflow,
       JSONExtractUInt('{"a": null}', 'a') AS none, JSONExtractUInt('{"a": " 12"}', 'a') AS blank, JSONExtractUInt('{"a": ""}', 'a') AS empty;

-- constants-as-int: the same with signs
SELECT JSONExtractInt('{"a": "-12"}', 'a') AS text, JSONExtractInt('{"a": -1.7}', 'a') AS cut, JSONExtractInt('{"a": -1e3}', 'a') AS thousand, JSONExtractInt('{"a": 9223372036854775807}', 'a') AS most,
       JSONExtractInt('{"a": 9223372036854775808}', 'a') AS overflow, JSONExtractInt('{"a": false}', 'a') AS no, JSONExtractInt('{"a": []}', 'a') AS list;

-- constants-as-float: the same as floats
SELECT JSONExtractFloat('{"a": "1.25"}', 'a') AS text, JSONExtractFloat('{"a": 3}', 'a') AS whole, JSONExtractFloat('{"a": true}', 'a') AS yes, JSONExtractFloat('{"a": 1e300}', 'a') AS huge, JSONExtractFloat('{"a": "x"}', 'a') AS word, JSONExtractFloat('{"a": -0.5}', 'a') AS half;

-- constants-as-text: numbers and booleans as text, null as nothing, objects as JSON without spaces
SELECT JSONExtractString('{"a": 12}', 'a') AS number, JSONExtractString('{"a": 1.50}', 'a') AS float, JSONExtractString('{"a": true}', 'a') AS yes, JSONExtractString('{"a": null}', 'a') AS none,
       JSONExtractString('{"a": {"b": [1, 2]}}', 'a') AS object, JSONExtractString('{"a": "ü\\n\\"x\\" 🦆"}', 'a') AS escaped, JSONExtractString('{"a": 1e3}', 'a') AS thousand, JSONExtractString('{}', 'a') AS missing;

-- constants-as-bool: what is true
SELECT JSONExtractBool('{"a": true}', 'a') AS yes, JSONExtractBool('{"a": false}', 'a') AS no, JSONExtractBool('{"a": 1}', 'a') AS one, JSONExtractBool('{"a": 0}', 'a') AS zero, JSONExtractBool('{"a": "true"}', 'a') AS word, JSONExtractBool('{}', 'a') AS missing;

-- broken-json: invalid text is never an error
SELECT JSONExtractUInt('{"a": 1', 'a') AS u, JSONExtractString('no json', 'a') AS s, JSONHas('', 'a') AS h, JSONLength('[1,') AS l, JSONType('') AS t, JSONExtractRaw('{', 'a') AS r, isValidJSON('{"a": 1') AS v, isValidJSON('') AS e, isValidJSON('[]') AS ok;

-- deep-paths: several keys, positions from 1, and from the end
SELECT JSONExtractInt(payload, 'v', 'a', 'b', 'c') AS deep, JSONExtractString(payload, 'v', 'k') AS k, JSONExtractFloat(payload, 'points', -1, 'y') AS last_y, JSONExtractInt(payload, 'points', 2, 'x') AS second_x,
       JSONExtractString(payload, 2) AS second, JSONExtractString(payload, 'v', 1) AS first, count() AS n
FROM events WHERE scope IN ('draw:object', 'zoom:image') GROUP BY ALL ORDER BY deep, k, last_y, second_x, second, first;

-- whole-payload: without a path the payload itself is read
SELECT JSONExtractInt(payload) AS i, JSONExtractString(payload) AS s, JSONExtractFloat(payload) AS f, count() AS n FROM events WHERE JSONType(payload) NOT IN ('Object') GROUP BY ALL ORDER BY i, s, f;

-- keys-of-objects: the names in an object
SELECT JSONExtractKeys(assumeNotNull(payload)) AS keys, count() AS n FROM events GROUP BY keys ORDER BY keys;

-- keys-of-a-path: the names further in
SELECT JSONExtractKeys(assumeNotNull(payload), 'platform') AS keys, count() AS n FROM events WHERE scope = 'load:cvat' GROUP BY keys ORDER BY keys;

-- raw-elements: the elements of an array as JSON
SELECT JSONExtractArrayRaw(assumeNotNull(payload), 'v') AS items, count() AS n FROM events WHERE scope = 'click:element' GROUP BY items ORDER BY items;

-- typed-extraction: JSONExtract with a type
SELECT JSONExtract(payload, 'v', 'Float64') AS f, JSONExtract(payload, 'v', 'String') AS s, JSONExtract(payload, 'working_time', 'UInt64') AS u, JSONExtract(payload, 'v', 'Nullable(Int64)') AS n, count()
FROM events WHERE scope = 'draw:object' GROUP BY f, s, u, n ORDER BY f, s, u, n;

-- nullable-extraction: what is missing is NULL, not 0
SELECT JSONExtract('{"a": 5}', 'b', 'Nullable(UInt64)') AS missing, JSONExtract('{"a": 5}', 'a', 'Nullable(UInt64)') AS there, JSONExtract('{"a": "x"}', 'a', 'Nullable(String)') AS text, JSONExtract('{"a": -5}', 'a', 'Nullable(UInt64)') AS negative;

-- json-paths: JSON_VALUE finds scalars, and nothing else
SELECT JSON_VALUE(payload, '$.platform.name') AS name, JSON_VALUE(payload, '$.screen[0]') AS width, JSON_VALUE(payload, '$.platform') AS object, JSON_VALUE(payload, '$.no') AS missing, count() AS n
FROM events WHERE scope = 'load:cvat' GROUP BY ALL ORDER BY name, width, object, missing;

-- json-value-of-every-form: null is 'null', arrays and objects are empty
SELECT JSONExtractRaw(payload, 'v') AS raw, JSON_VALUE(payload, '$.v') AS v FROM events WHERE scope = 'click:element' GROUP BY raw, v ORDER BY raw, v;

-- json-odd: what is no text at a path that has a column
SELECT JSON_VALUE(payload, '$.message') AS value, JSONExtractString(payload, 'message') AS text, JSONHas(payload, 'message') AS has, JSON_EXISTS(payload, '$.message') AS is_there, JSONExtractUInt(payload, 'working_time') AS number, count() AS n
FROM events WHERE scope != 'send:exception' GROUP BY value, text, has, is_there, number ORDER BY value, text, has, is_there, number;

-- json-odd-members: the same within an object, where the payload has one
SELECT JSON_VALUE(payload, '$.platform.os') AS value, JSONExtractString(payload, 'platform', 'os') AS text, count() AS n
FROM events WHERE JSONHas(payload, 'platform', 'os') AND JSONExtractString(payload, 'message') != 'quack' GROUP BY value, text ORDER BY value, text;

-- json-exists: JSON_EXISTS tells what JSON_VALUE does not
SELECT JSON_EXISTS(payload, '$.v') AS v, JSON_EXISTS(payload, '$.platform.os') AS os, count() AS n FROM events GROUP BY v, os ORDER BY v, os;

-- json-query: JSON_QUERY answers JSON in brackets
SELECT JSON_QUERY(payload, '$.platform') AS p, count() AS n FROM events WHERE scope = 'load:cvat' GROUP BY p ORDER BY p;

-- simple-json: the quick scanner, on text it understands
SELECT simpleJSONExtractUInt('{"a":12,"b":"x"}', 'a') AS u, simpleJSONExtractString('{"a":12,"b":"x"}', 'b') AS s, simpleJSONHas('{"a":12}', 'a') AS h, simpleJSONExtractInt('{"a":-3}', 'a') AS i,
       simpleJSONExtractFloat('{"a":1.5}', 'a') AS f, simpleJSONExtractBool('{"a":true}', 'a') AS t, simpleJSONExtractRaw('{"a":[1,2]}', 'a') AS r, visitParamExtractUInt('{"a":7}', 'a') AS v, visitParamHas('{"a":7}', 'b') AS vh, visitParamExtractString('{"b":"y"}', 'b') AS vs;

-- odd-keys: keys with dots, spaces, nothing and other letters
SELECT JSONExtractInt(payload, 'a.b') AS dotted, JSONExtractInt(payload, 'with space') AS spaced, JSONExtractInt(payload, '') AS nameless, JSONExtractString(payload, 'ключ') AS cyrillic, count() AS n FROM events GROUP BY ALL ORDER BY dotted, spaced, nameless, cyrillic;

-- exceptions-by-message: errors by their text
SELECT JSONExtractString(payload, 'message') AS message, count() AS n, uniqExact(user_id) AS people FROM events WHERE scope = 'send:exception' GROUP BY message ORDER BY n DESC, message;

-- first-lines-of-stacks: where errors come from
SELECT trim(splitByChar('\n', assumeNotNull(JSONExtractString(payload, 'stack')))[2]) AS place, count() AS n FROM events WHERE scope = 'send:exception' GROUP BY place ORDER BY place;

-- tags-of-errors: a payload's array, one row an element
SELECT replaceAll(arrayJoin(JSONExtractArrayRaw(assumeNotNull(payload), 'tags')), '"', '') AS tag, count() AS n FROM events WHERE scope = 'send:exception' GROUP BY tag ORDER BY tag;

-- payload-as-it-is: the text of the payload, which both engines hold
SELECT payload, count() AS n, length(payload) AS l FROM events WHERE scope = 'zoom:image' GROUP BY payload ORDER BY payload;

-- negative-lines: a number that may be negative
SELECT countIf(JSONExtractInt(payload, 'line') < 0) AS negative, max(JSONExtractInt(payload, 'line')) AS last, sum(JSONExtractUInt(payload, 'line')) AS total FROM events WHERE scope = 'send:exception';

-- working-time-of-texts: texts of numbers count, too
SELECT scope, sum(JSONExtractUInt(payload, 'working_time')) AS ms, countIf(JSONHas(payload, 'working_time')) AS n FROM events GROUP BY scope ORDER BY ms DESC, scope;

-- floats-within-raw-texts: floats are written anew within arrays and objects
SELECT JSONExtractRaw('{"a": [-100, 200.0, 300, 1.5e3, 1e100, "1.0 x", {"b": 2.50}]}', 'a'), JSONExtractRaw('{"a": 131.0}', 'a'), JSONExtractRaw('{"a": "5.0"}', 'a');

-- floats-within-arrays: the same for items and texts
SELECT JSONExtractArrayRaw('{"a": [1.0, 2.5, "x"]}', 'a'), JSONExtractString('{"a": [1.0, 2]}', 'a'), JSON_QUERY('{"a": [1.0]}', '$.a'), JSON_VALUE('{"a": 1.0}', '$.a');

-- types-at-the-ends: the largest numbers
SELECT JSONType('{"a": 18446744073709551615}', 'a'), JSONType('{"a": 9223372036854775807}', 'a'), JSONType('{"a": -1}', 'a'), JSONType('{"a": 1.0}', 'a'), JSONLength('{"a": [1,2], "b": {}}');

-- lengths-of-arrays: JSONArrayLength is NULL of what is no array
SELECT JSONArrayLength('[1,2,3]'), JSONArrayLength('{"a":1}'), JSONArrayLength(''), JSONArrayLength('x'), JSON_ARRAY_LENGTH('[1]'), JSONArrayLength('[]');

-- masks-of-frames: lengths of raw arrays
SELECT count(), sum(JSONArrayLength(visitParamExtractRaw(payload, 'tags'))) FROM events;

-- keys-and-values: pairs of keys and raw values
SELECT JSONExtractKeysAndValuesRaw('{"a": [-100, 200.0], "b":{"c": {"d": 1}}, "s":"x"}'), JSONExtractKeysAndValuesRaw('{"a": {"b":1}}', 'a'), JSONExtractKeysAndValuesRaw('x'), JSONExtractKeysAndValuesRaw('{}');

-- arrays-by-type: what is no element of the type is its default
SELECT JSONExtract('[1,"a",2.7,null,true,-1,300]', 'Array(UInt8)'), JSONExtract('[1,"a",2.7,null,true]', 'Array(Nullable(UInt8))'), JSONExtract('[1,"a",{"b":1},null,true,2.50]', 'Array(String)'), JSONExtract('[[1],[2,3],4]', 'Array(Array(Int64))'), JSONExtract('[true,1,0,"true",null]', 'Array(Bool)'), JSONExtract('[1.5,"2.5",3]', 'Array(Float64)');

-- arrays-of-nothing: none of its elements is of the type, or it is no array
SELECT JSONExtract('[null]', 'Array(UInt64)'), JSONExtract('[null]', 'Array(Nullable(UInt64))'), JSONExtract('{"a":1}', 'Array(String)'), JSONExtract('5', 'Array(Int64)'), JSONExtract('bad', 'Array(Int64)'), JSONExtract('{"a":[{"b":[3]}]}', 'a', 1, 'b', 'Array(UInt8)'), JSONExtract('[18446744073709551615]', 'Array(UInt64)');

-- arrays-of-payloads: of the events
SELECT sum(arraySum(JSONExtract(ifNull(payload, ''), 'tags', 'Array(UInt64)'))), max(length(JSONExtract(ifNull(payload, ''), 'tags', 'Array(String)'))) FROM events;

-- keys-and-values-by-type: members of another type are left out
SELECT JSONExtractKeysAndValues('{"a":1,"b":"x","c":null,"d":2.5}', 'Int32'), JSONExtractKeysAndValues('{"a":1,"b":"x","c":null,"d":[2.50]}', 'String'), JSONExtractKeysAndValues('{"a":[1],"b":2}', 'Array(UInt8)'), JSONExtractKeysAndValues('[1]', 'Int8');

-- numbers-beyond-the-type: are defaults
SELECT JSONExtract('300', 'UInt8'), JSONExtract('-1', 'Nullable(UInt8)'), JSONExtract('300', 'Nullable(UInt8)'), JSONExtract('-129', 'Int8'), JSONExtract('{"a":2.50}', 'a', 'Nullable(String)'), JSONExtract('{"a":true}', 'a', 'Nullable(Float64)');
