import { expect, test } from 'vitest';
import { Pool } from './pool';

const never = new AbortController().signal;

test('at most as many at a time, in order', async () => {
  const pool = new Pool(2);
  let [running, most] = [0, 0];
  const finished: number[] = [];
  const task = (n: number) =>
    pool.run(never, async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve));
      running -= 1;
      finished.push(n);
    });
  await Promise.all([0, 1, 2, 3, 4].map(task));
  expect(most).toBe(2);
  expect(finished).toEqual([0, 1, 2, 3, 4]);
});

test('an aborted one leaves the queue, a failed one makes room', async () => {
  const pool = new Pool(1);
  let fail = () => {};
  const failing = pool.run(
    never,
    () => new Promise((_, reject) => (fail = () => reject(new Error('failed')))),
  );
  const controller = new AbortController();
  const aborted = pool.run(controller.signal, () => Promise.resolve('ran'));
  const next = pool.run(never, () => Promise.resolve('next'));
  controller.abort(new Error('stale'));
  fail();
  await expect(failing).rejects.toThrow('failed');
  await expect(aborted).rejects.toThrow('stale');
  expect(await next).toBe('next');
});

test('what can wait does', async () => {
  const pool = new Pool(1);
  const { signal } = new AbortController();
  const order: string[] = [];
  let release = () => {};
  const first = pool.run(signal, () => new Promise<void>((resolve) => (release = resolve)));
  const later = pool.run(signal, async () => void order.push('later'), 'later');
  const now = pool.run(signal, async () => void order.push('now'));
  release();
  await Promise.all([first, later, now]);
  expect(order).toEqual(['now', 'later']);
});
