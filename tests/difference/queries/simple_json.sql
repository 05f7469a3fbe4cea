-- raw: the text up to the next comma or brace, blanks included
SELECT visitParamExtractRaw('{"a": {"b" : [1, 2]}}', 'a'), visitParamExtractRaw('"a":123', 'a'), visitParamExtractRaw('{"a":"x,y\\"}","b":1}', 'a'), visitParamExtractRaw('{"a":}', 'a'), visitParamExtractRaw('{"a":[1,{"c":"]"}],"b":2}', 'a'), visitParamExtractRaw('{"b":1}', 'a'), visitParamExtractRaw('{"a":1 }', 'a');

-- unsigned: digits right behind the colon
SELECT visitParamExtractUInt('{"a":12}', 'a'), visitParamExtractUInt('{"a": 12}', 'a'), visitParamExtractUInt('{"a":"12"}', 'a'), visitParamExtractUInt('{"a":-12}', 'a'), visitParamExtractUInt('{"a":1.9}', 'a'), visitParamExtractUInt('{"a":+5}', 'a'), visitParamExtractUInt('{"a":true}', 'a'), visitParamExtractUInt('{"a":99999999999999999999}', 'a'), visitParamExtractUInt('{"a":1e3}', 'a'), visitParamExtractUInt('{"a":"-12"}', 'a');

-- signed: with a sign
SELECT visitParamExtractInt('{"a":12}', 'a'), visitParamExtractInt('{"a":"-12"}', 'a'), visitParamExtractInt('{"a":-1.9}', 'a'), visitParamExtractInt('{"a":+5}', 'a'), visitParamExtractInt('{"a":-}', 'a'), visitParamExtractInt('{"a":99999999999999999999}', 'a'), visitParamExtractInt('{"a":9223372036854775808}', 'a'), visitParamExtractInt('{"a":"x"}', 'a'), visitParamExtractInt('{"a":--5}', 'a');

-- floats: as far as they are numbers
SELECT visitParamExtractFloat('{"a":1.5}', 'a'), visitParamExtractFloat('{"a":"1.5"}', 'a'), visitParamExtractFloat('{"a": 1.5}', 'a'), visitParamExtractFloat('{"a":1.5e3x}', 'a'), visitParamExtractFloat('{"a":.5}', 'a'), visitParamExtractFloat('{"a":-5}', 'a'), visitParamExtractFloat('{"a":nan}', 'a'), visitParamExtractFloat('{"a":inf}', 'a'), visitParamExtractFloat('{"a":null}', 'a'), visitParamExtractFloat('{"a":1e400}', 'a'), visitParamExtractFloat('{"a":5.}', 'a');

-- truth: true, and what begins with it
SELECT visitParamExtractBool('{"a":true}', 'a'), visitParamExtractBool('{"a":truex}', 'a'), visitParamExtractBool('{"a": true}', 'a'), visitParamExtractBool('{"a":1}', 'a'), visitParamExtractBool('{"a":"true"}', 'a'), visitParamExtractBool('"a":true', 'a');

-- strings: with escapes
SELECT visitParamExtractString('{"a":"x"}', 'a'), visitParamExtractString('{"a":"x\\u00e9\\"z"}', 'a'), visitParamExtractString('{"a": "x"}', 'a'), visitParamExtractString('{"a":5}', 'a'), visitParamExtractString('{"a":"x', 'a'), visitParamExtractString('{"a":"\\q"}', 'a'), visitParamExtractString('{"a":"\\ud83d\\ude00"}', 'a');

-- names: the first occurrence of the name, anywhere
SELECT visitParamHas('{"a":1}', 'a'), visitParamHas('{"a" :1}', 'a'), visitParamHas('"a":', 'a'), visitParamHas('{"b":{"a":1}}', 'a'), visitParamHas('{}', 'a'), visitParamHas('{"x":"a\\":1"}', 'a'), simpleJSONHas('{"a.b":1}', 'a.b'), visitParamHas('{"":1}', '');

-- of-payloads: payloads with blanks
SELECT simpleJSONExtractRaw(payload, 'platform') AS r, simpleJSONExtractString(payload, 'name') s, simpleJSONHas(payload, 'os') h, visitParamExtractUInt(payload, 'working_time') u, visitParamExtractRaw(payload, 'tags') t, count() FROM events GROUP BY ALL ORDER BY ALL LIMIT 60;
