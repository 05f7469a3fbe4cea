import { describe, expect, test } from 'vitest';
import { merge } from './collapse.ts';
import type { Entry, Payload } from './event.ts';
import type { Scope } from './scopes.ts';

const at = (scope: Scope, t: number, p: Payload = {}): Entry => ({ scope, t, p });
const frame = (t: number, from: number, to: number, p: Payload = {}) =>
  at('change:frame', t, { from, to, step: 1, count: 1, job_id: 7, ...p });
const error = (t: number, p: Payload = {}) => at('send:exception', t, { message: 'm', stack: 's', ...p });

test.each<[string, Entry, Entry, Payload | undefined]>([
  [
    'zooms',
    at('zoom:image', 0, { level: 1 }),
    at('zoom:image', 900, { level: 2 }),
    { level: 2, count: 2, duration: 900 },
  ],
  ['a zoom much later', at('zoom:image', 0), at('zoom:image', 10_001), undefined],
  ['a zoom and something else', at('zoom:image', 0), at('fit:image', 1), undefined],
  ['clicks', at('click:element', 0), at('click:element', 1), undefined],
  [
    'equal exceptions',
    error(0),
    error(5),
    { message: 'm', stack: 's', count: 2, lastTimestamp: '1970-01-01T00:00:00.005Z' },
  ],
  ['other exceptions', error(0), error(5, { stack: 't' }), undefined],
  [
    'frames',
    frame(0, 1, 2, { duration: 50 }),
    frame(80, 2, 3, { duration: 40 }),
    { from: 1, to: 3, step: 1, count: 2, job_id: 7, duration: 120 },
  ],
  ['frames of another job', frame(0, 1, 2), frame(80, 2, 3, { job_id: 8 }), undefined],
  ['frames by another step', frame(0, 1, 2), frame(80, 2, 12, { step: 10 }), undefined],
  [
    'frames within the gap of work',
    frame(0, 1, 2, { duration: 10 }),
    frame(100_009, 2, 3),
    { from: 1, to: 3, step: 1, count: 2, job_id: 7, duration: 100_009 },
  ],
  ['frames beyond it', frame(0, 1, 2, { duration: 10 }), frame(100_010, 2, 3), undefined],
  [
    'a frame within another',
    frame(0, 1, 2, { duration: 500 }),
    frame(80, 2, 3),
    { from: 1, to: 3, step: 1, count: 2, job_id: 7, duration: 500 },
  ],
])('%s', (_, newest, entry, expected) => {
  expect(merge(newest, entry)?.p).toEqual(expected);
  if (expected) expect(merge(newest, entry)?.t).toBe(newest.t);
});

describe('it does not matter in which order repeats are put together', () => {
  // What is on the disk is merged with what was merged since then.
  test.each([
    ['frames', frame(0, 1, 2), frame(70, 2, 3, { duration: 20 }), frame(150, 3, 4, { duration: 30 })],
    ['zooms', at('zoom:image', 0, { a: 1 }), at('zoom:image', 70, { b: 2 }), at('zoom:image', 150, { a: 3 })],
    ['exceptions', error(0), error(70), error(150)],
  ])('%s', (_, a, b, c) => {
    expect(merge(merge(a, b)!, c)).toEqual(merge(a, merge(b, c)!));
  });
});
