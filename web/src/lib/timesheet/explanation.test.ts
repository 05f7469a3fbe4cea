import { describe, expect, it } from 'vitest';
import { linesOf, type Step } from './explanation';

const event = (more: Partial<Extract<Step, { kind: 'event' }>>): Step => ({
  kind: 'event',
  timestamp_ms: 0,
  duration_ms: 0,
  scope: 'draw:object',
  source: 'client',
  obj_name: null,
  count: null,
  job_id: null,
  task_id: null,
  project_id: null,
  is_activity: true,
  ...more,
});

const gap = (more: Partial<Extract<Step, { kind: 'gap' }>>): Step => ({
  kind: 'gap',
  from_ms: 0,
  until_ms: 30_000,
  whole_ms: 30_000,
  verdict: 'counted',
  counted_ms: 0,
  twice_ms: 0,
  counted_for: [],
  ...more,
});

const before = event({});

describe('linesOf', () => {
  it.each<[string, Step[], string, string]>([
    ['an event', [event({ obj_name: 'polygon', count: 3, job_id: 7 })], 'draw:object polygon × 3 job #7', ''],
    ['one object', [event({ count: 1 })], 'draw:object', ''],
    [
      'a server',
      [event({ scope: 'update:job', is_activity: false })],
      'update:job',
      'by a server: no activity',
    ],
    [
      'frames that were played',
      [event({ scope: 'change:frame', duration_ms: 61_000 })],
      'change:frame',
      'lasted 0:01:01, which counts in full',
    ],
    ['a duration that does not count', [event({ duration_ms: 61_000 })], 'draw:object', ''],
    ['a short gap', [before, gap({ until_ms: 250, whole_ms: 250, counted_ms: 250 })], '0.3 s', 'counted'],
    ['a counted gap', [before, gap({ counted_ms: 30_000 })], '0:00:30', 'counted'],
    [
      'two windows',
      [before, gap({ verdict: 'overlapping', counted_ms: 40_000, twice_ms: 10_000 })],
      '0:00:30',
      'counted, 0:00:10 of it once more: two windows were at work',
    ],
    [
      'a part',
      [before, gap({ verdict: 'in_part', counted_ms: 20_000 })],
      '0:00:30',
      '0:00:20 counted: an activity that is not stored (a moving mouse) came between',
    ],
    [
      'the beginning',
      [gap({ verdict: 'too_long', whole_ms: null })],
      '0:00:30',
      'not counted: no activity before it within a day',
    ],
    [
      'the end',
      [before, gap({ verdict: 'too_long', whole_ms: null })],
      '0:00:30',
      'not counted: no activity behind it within a day',
    ],
    [
      'a gap that goes on',
      [before, gap({ verdict: 'too_long', whole_ms: 150_000 })],
      '0:00:30',
      'not counted: 0:02:30 from one activity to the next',
    ],
    [
      'a gap of 100 s',
      [before, gap({ verdict: 'too_long', until_ms: 100_000, whole_ms: 100_000 })],
      '0:01:40',
      'not counted: too long',
    ],
    [
      'no hours',
      [before, gap({ verdict: 'not_counted' })],
      '0:00:30',
      'not counted, though short: no hours were computed of the activity behind it',
    ],
    [
      'hours of another tool',
      [
        {
          kind: 'booked',
          timestamp_ms: 0,
          hours_ms: 5_000,
          job_id: 7,
          task_id: null,
          project_id: null,
        },
      ],
      '0:00:05 of another tool',
      'counted whole at this time: it came without intervals',
    ],
  ])('says of %s', (_, steps, text, note) => {
    expect(linesOf(steps).at(-1)).toMatchObject({ text, note });
  });
});
