// The official JS client, as a page's server uses it: what it says, as one line of JSON.
//
//     node ask.mjs URL USER PASSWORD
import { createClient } from '@clickhouse/client'

const [url, username, password] = process.argv.slice(2)
const client = createClient({
  url,
  username,
  password,
  database: 'cvat',
  compression: { request: true, response: true },
})
const said = {}
said.ping = (await client.ping()).success
await client.insert({
  table: 'events',
  values: Array.from({ length: 1000 }, (_, i) => ({
    scope: 'click:element',
    source: 'client',
    obj_id: String(i),
    timestamp: '2026-01-05 09:00:00.123',
  })),
  format: 'JSONEachRow',
})
const counted = await client.query({
  query: 'SELECT scope, count() AS n, sum(obj_id) AS sum FROM events WHERE obj_id >= {least: UInt64} GROUP BY scope',
  query_params: { least: 500 },
  format: 'JSONEachRow',
})
said.counted = await counted.json()
const streamed = await client.query({ query: 'SELECT number FROM numbers(200000)', format: 'JSONCompactEachRow' })
said.streamed = 0
for await (const rows of streamed.stream()) said.streamed += rows.length
try {
  await client.query({ query: 'SELECT nonsense' })
} catch (error) {
  said.error = { code: error.code, type: error.type }
}
try {
  const failing = await client.query({
    query: 'SELECT number, intDiv(1, 300000 - number) AS x FROM numbers(400000)',
    format: 'JSONCompactEachRow',
  })
  for await (const rows of failing.stream()) said.before = (said.before ?? 0) + rows.length
} catch (error) {
  said.late = String(error.message ?? error).slice(0, 300)
}
await client.close()
console.log(JSON.stringify(said))
