import { expect, test } from 'vitest';
import { durationText, nBehind, rateBetween, shareOf, troubles, type ServerStatus } from './status';

const GIB = 2 ** 30;

const WELL: ServerStatus = {
  version: '0.1.0',
  ingest_port: 8282,
  started: '2026-11-30T08:00:00Z',
  refused_because: null,
  events: 12_408,
  journal: { bytes: 0, max_bytes: 4 * GIB, position: 12_408, applied_position: 12_408, oldest_seconds: 0 },
  database: {
    name: 'DuckDB',
    version: '1.5.6',
    bytes: GIB,
    log_bytes: 0,
    memory_bytes: GIB,
    max_memory_bytes: GIB,
    process_bytes: GIB / 2,
    max_process_bytes: GIB,
    lacking: [],
  },
  dedup_window: { events: 12_408, bytes: 50_000, damaged_files: 0 },
  disk: { free_bytes: 40 * GIB, min_free_bytes: GIB / 16 },
  dead_letters: { bytes: 0, max_bytes: GIB },
  exports: { bytes: GIB, max_bytes: 8 * GIB },
  memory_bytes: GIB / 4,
  restarts: { count: 0, latest: [] },
  last_backup: null,
};

const NOW = Date.parse('2026-11-30T12:00:00Z');
const KILLED = { at: '2026-11-30T11:58:30Z', reason: 'signal 9' };

test('a server that is well has no troubles, also one that is busy', () => {
  expect(troubles(WELL, NOW)).toEqual([]);
  const journal = { ...WELL.journal, position: 90_000, bytes: GIB, oldest_seconds: 9.9 };
  expect(troubles({ ...WELL, journal }, NOW)).toEqual([]);
  expect(nBehind({ ...WELL, journal })).toBe(77_592);
});

test('events a second are those between two answers of one server', () => {
  const later = { ...WELL, journal: { ...WELL.journal, position: 12_908 } };
  expect(rateBetween(WELL, later, 5_000)).toBe(100);
  expect(rateBetween(WELL, WELL, 5_000)).toBe(0);
  expect(rateBetween(WELL, later, 0)).toBeNull();
  expect(rateBetween(later, WELL, 5_000)).toBeNull();
  expect(rateBetween(WELL, { ...later, started: '2026-11-30T12:00:00Z' }, 5_000)).toBeNull();
});

test.each<[string, Partial<ServerStatus>, string, boolean]>([
  [
    'a database that is behind',
    { journal: { ...WELL.journal, position: 13_642, oldest_seconds: 12.3 } },
    'The database is 1,234 events behind; the oldest waits for 12 s.',
    false,
  ],
  [
    'a journal that fills up',
    { journal: { ...WELL.journal, bytes: 3.5 * GIB } },
    'The journal is 87% full; once it is full, events are refused.',
    true,
  ],
  [
    'a server that refuses events',
    { refused_because: 'the disk is full: events are refused until there is space' },
    'Events are not taken now. The disk is full: events are refused until there is space.',
    true,
  ],
  [
    'a database that does not answer',
    { database: { ...WELL.database, version: null, bytes: null, memory_bytes: null, process_bytes: null } },
    'The database does not answer now: queries fail, and events wait in the journal.',
    true,
  ],
  [
    'a disk that fills up',
    { disk: { ...WELL.disk, free_bytes: GIB / 8 } },
    'The disk has 128 MiB left; with less than 64 MiB the database takes no events.',
    false,
  ],
  [
    'a disk that is full',
    { disk: { ...WELL.disk, free_bytes: GIB / 32 } },
    'The disk has 32 MiB left; with less than 64 MiB the database takes no events.',
    true,
  ],
  [
    'memory that is short',
    { database: { ...WELL.database, process_bytes: 1.5 * GIB } },
    "The database's process has taken 1.5 GiB of memory; beyond 1 GiB queries are ended, the newest first.",
    true,
  ],
  [
    'a process that ended by itself',
    { restarts: { count: 1, latest: [KILLED] } },
    "The database's process ended by itself 1.5 min ago and was started again: signal 9.",
    false,
  ],
  [
    'dead letters',
    { dead_letters: { bytes: 300, max_bytes: GIB } },
    'There are dead letters, events that could not be stored. See annoscope dead-letter list.',
    false,
  ],
  [
    'dead letters without room for clients',
    { dead_letters: { bytes: GIB / 2, max_bytes: GIB } },
    'The dead letters have no more room for what clients send and cannot be stored: it is lost. See annoscope dead-letter list.',
    true,
  ],
  [
    'dead letters that cannot be looked at',
    { dead_letters: { bytes: null, max_bytes: GIB } },
    'The dead letters cannot be looked at: the log says why.',
    true,
  ],
  [
    'a damaged window',
    { dedup_window: { ...WELL.dedup_window, damaged_files: 2 } },
    '2 files of the dedup window were damaged or missing: events in it that are sent again are stored twice.',
    false,
  ],
  [
    'a table that does not know an INSERT again',
    { database: { ...WELL.database, lacking: ['a window is 0, and has to be 1000'] } },
    'Events are stored at least once: after a lost answer one may be there twice. a window is 0, and has to be 1000.',
    false,
  ],
  [
    'exports that fill their room',
    { exports: { bytes: 7 * GIB, max_bytes: 8 * GIB } },
    'Results of exports take 87% of their room; an export that finds none fails.',
    false,
  ],
])('%s is told', (_, change, text, isBad) => {
  expect(troubles({ ...WELL, ...change }, NOW)).toMatchObject([{ text, isBad }]);
});

test('a restart of long ago is no trouble any more', () => {
  const restarts = { count: 1, latest: [KILLED] };
  expect(troubles({ ...WELL, restarts }, NOW + 2 * 3_600_000)).toEqual([]);
});

test('the worst is told first', () => {
  const late = { ...WELL.journal, position: 12_409, oldest_seconds: 600 };
  const short = { ...WELL.database, process_bytes: 2 * GIB };
  const found = troubles({ ...WELL, journal: late, database: short }, NOW);
  expect(found.map(({ part }) => part)).toEqual(['memory', 'delay']);
  expect(found[1]!.text).toBe('The database is 1 event behind; the oldest waits for 10 min.');
});

test.each([
  [0, '0 s'],
  [1.26, '1.3 s'],
  [59.4, '59 s'],
  [90, '1.5 min'],
  [200_000, '2.3 d'],
])('%d s are %s', (seconds, text) => {
  expect(durationText(seconds)).toBe(text);
});

test('a share is known where both sizes are', () => {
  expect(shareOf(null, 100)).toBeNull();
  expect(shareOf(5, 0)).toBeNull();
  expect(shareOf(25, 100)).toBe(0.25);
  expect(shareOf(150, 100)).toBe(1);
});
