/** Which rows are hours: the same condition as in the dashboards' files. */

/**
 * Rows that this server computed or another server sent. What a client writes into its payloads is no
 * hours, and neither is more than a row's `duration` can hold, 2^32 - 1 ms.
 */
export const IS_HOURS = `scope = 'send:working_time' AND source = 'server' AND JSONHas(payload, 'working_time') AND JSONExtractUInt(payload, 'working_time') <= 4294967295`;
