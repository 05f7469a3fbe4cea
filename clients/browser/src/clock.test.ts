import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createClock, type Clock, type Stamp } from './clock.ts';

const HOUR_MS = 3_600_000;
const START = 1_800_000_000_000;
/** What has passed, by how much the system's clock is off, and how much of it the page's clock stood still. */
let time = { passed: 0, set: 0, slept: 0 };

beforeEach(() => {
  time = { passed: 0, set: 0, slept: 0 };
  vi.spyOn(performance, 'now').mockImplementation(() => time.passed - time.slept);
  vi.spyOn(performance, 'timeOrigin', 'get').mockImplementation(() => START);
  vi.spyOn(Date, 'now').mockImplementation(() => START + time.passed + time.set);
});
afterEach(() => vi.restoreAllMocks());

/** An answer of a server whose clock is right. */
const answer = (clock: Clock) => clock.learn(new Date(START + time.passed).toUTCString(), clock.now());
const sleep = (ms: number) => {
  time.passed += ms;
  time.slept += ms;
};
/** When the server will take an event to have happened, in ms since the start. */
const placed = (clock: Clock, t: number, stamp: Stamp) =>
  t + time.passed - (clock.now() + clock.shift(stamp));

function logged(clock: Clock): [number, Stamp] {
  const g = clock.look();
  return [clock.now(), clock.stamp(g)];
}

describe('an event is placed at its time', () => {
  test.each<[string, (clock: Clock) => void]>([
    ['whatever passes', () => (time.passed += 9 * HOUR_MS)],
    ['when the clock is set ahead', () => (time.set += HOUR_MS)],
    ['when the clock is set back', () => (time.set -= HOUR_MS)],
    ['when the computer sleeps', () => sleep(8 * HOUR_MS)],
    ['when it sleeps twice', (clock) => (sleep(HOUR_MS), clock.look(), answer(clock), sleep(HOUR_MS))],
    [
      'when it sleeps and the clock is set',
      (clock) => (sleep(HOUR_MS), clock.look(), answer(clock), (time.set -= HOUR_MS)),
    ],
  ])('%s', (_, disturb) => {
    const clock = createClock();
    answer(clock);
    time.passed += 5_000;
    const [t, stamp] = logged(clock);
    disturb(clock);
    answer(clock);
    expect(placed(clock, t, stamp) - 5_000).toBe(0);
    const [after, newer] = logged(clock);
    expect(placed(clock, after, newer)).toBe(time.passed);
    // Whatever happens, its stamp is never changed.
    expect(t).toBe(START + 5_000);
  });

  test.each<[string, () => void]>([
    ['after a night', () => (time.passed += 9 * HOUR_MS)],
    ['after a clock that was set', () => ((time.passed += 1_000), (time.set += HOUR_MS))],
  ])('by another page, %s', (_, disturb) => {
    const dead = createClock('dead');
    answer(dead);
    time.passed += 5_000;
    const [t, stamp] = logged(dead);
    disturb();
    const clock = createClock('new');
    answer(clock);
    expect(placed(clock, t, stamp)).toBe(5_000);
  });
});

test('a jump has to be told by the server what it was, but for one back', () => {
  const clock = createClock();
  expect(clock.isLearned()).toBe(false);
  expect(clock.isSettled()).toBe(true);
  answer(clock);
  expect(clock.isLearned()).toBe(true);
  time.set -= HOUR_MS;
  expect(clock.isSettled()).toBe(true);
  time.set += HOUR_MS;
  expect(clock.isSettled()).toBe(false);
  answer(clock);
  expect(clock.isSettled()).toBe(true);
});

test('an answer that was long on its way tells nothing', () => {
  const clock = createClock();
  const asked = clock.now();
  time.passed += 5_000;
  clock.learn(new Date(START).toUTCString(), asked);
  expect(clock.isLearned()).toBe(false);
});

test('an answer without a time is an answer', () => {
  const clock = createClock();
  const [t, stamp] = logged(clock);
  sleep(HOUR_MS);
  clock.learn(null, clock.now());
  expect(clock.isSettled()).toBe(true);
  // A jump ahead is then taken for a sleep.
  expect(placed(clock, t, stamp)).toBe(0);
});
