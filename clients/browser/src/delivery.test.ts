/**
 * Random histories of pages before a server that answers, fails after storing, fails before it, or refuses: whatever was
 * on the disk is stored once, and hours are those of one request with everything.
 */
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { afterEach, expect, test, vi } from 'vitest';
import { createClock } from './clock.ts';
import type { Entry } from './event.ts';
import { createQueue, type Sent } from './queue.ts';
import { createSender } from './sender.ts';
import { createWriter } from './writer.ts';

afterEach(() => vi.unstubAllGlobals());

/** Numbers from 0 to 1 that are the same for a seed (mulberry32). */
function chances(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const lengthOf = (event: Sent) => (event.scope === 'change:frame' ? (event.duration ?? 0) : 0);

/** Working time of one request, with events that are known adding none (contract.md, "Working time"). */
function worked(events: Sent[], previous: Sent | undefined, isKnown: (event: Sent) => boolean): number {
  const startOf = (event: Sent) => Date.parse(event.timestamp);
  const first = previous ?? events[0];
  if (!first) return 0;
  let end = startOf(first) + (previous ? lengthOf(previous) : 0);
  let sum = 0;
  for (const event of events) {
    const t = startOf(event);
    const isNew = !isKnown(event);
    if (t > end) {
      if (t - end < 100_000 && isNew) sum += t - end;
      end = t;
    }
    if (t + lengthOf(event) > end) {
      if (isNew) sum += t + lengthOf(event) - end;
      end = t + lengthOf(event);
    }
  }
  return sum;
}

class Server {
  stored: Sent[] = [];
  known = new Set<string>();
  hours_ms = 0;
  fate: () => 'answer' | 'lose' | 'drop' | 'busy' = () => 'answer';
  isPoison = (event: Sent) => event.scope === 'debug:info';

  fetch = async (_: string, { body }: { body: Uint8Array }): Promise<Response> => {
    const { events, previous_event: previous } = JSON.parse(new TextDecoder().decode(body));
    const fate = this.fate();
    if (fate === 'drop') throw new TypeError('no network');
    if (fate === 'busy') return new Response(null, { status: 503 });
    if (events.some(this.isPoison)) return new Response(null, { status: 400 });
    this.hours_ms += worked(events, previous, (event) => this.known.has(JSON.stringify(event)));
    for (const event of events) {
      const text = JSON.stringify(event);
      if (!this.known.has(text)) this.stored.push(event);
      this.known.add(text);
    }
    if (fate === 'lose') throw new TypeError('the answer was lost');
    return new Response(null, { status: 201 });
  };
}

function stubBrowser(server: Server): void {
  let turn: Promise<unknown> = Promise.resolve();
  const request = (_: string, work: () => Promise<unknown>) => (turn = turn.then(work, work));
  vi.stubGlobal('navigator', { locks: { request } });
  vi.stubGlobal('document', { hidden: false });
  vi.stubGlobal('indexedDB', new IDBFactory());
  vi.stubGlobal('IDBKeyRange', IDBKeyRange);
  vi.stubGlobal('fetch', server.fetch);
  const texts = new Map<string, string>();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => texts.get(key) ?? null,
    setItem: (key: string, text: string) => texts.set(key, text),
  });
}

function openPage(refused: string[], page: string) {
  const clock = createClock(page);
  const onError = (error: Error & { events?: string[] }) => refused.push(...(error.events ?? []));
  const queue = createQueue('queue', 1000);
  const writer = createWriter(queue, clock, onError);
  return {
    writer,
    sender: createSender('queue', queue, writer, clock, { url: '/', headers: () => ({}), onError }),
  };
}

const tick = () => new Promise((done) => setTimeout(done));

test.each(Array.from({ length: 40 }, (_, seed) => [seed]))('history %i', async (seed) => {
  const chance = chances(seed);
  // A page that goes away sends without waiting for its turn: everything arrives once all the same, but hours may be off by
  // a gap where another page's batch is in doubt at that moment.
  const canLeave = seed % 2 > 0;
  const server = new Server();
  stubBrowser(server);
  server.fate = () => {
    const at = chance();
    return at < 0.6 ? 'answer' : at < 0.75 ? 'lose' : at < 0.9 ? 'drop' : 'busy';
  };
  const refused: string[] = [];
  let n_pages = 0;
  const open = () => openPage(refused, `page ${n_pages++}`);
  const pages = [open(), open()];
  // One clock for all; the time of an event is that of its logging.
  let t = Date.now() - 3_600_000;
  let n_frames = 0;
  const persisted: number[] = [];
  const poison: number[] = [];

  for (let step = 0; step < 120; step++) {
    const page = pages[Math.floor(chance() * pages.length)]!;
    const at = chance();
    if (at < 0.6) {
      t += Math.floor(chance() * chance() * 150_000);
      const kind = chance();
      const entry: Entry =
        kind < 0.3
          ? {
              scope: 'change:frame',
              t,
              p: { from: n_frames, to: n_frames + 1, step: 1, count: 1, duration: 20 },
            }
          : { scope: kind > 0.95 ? 'debug:info' : 'draw:object', t, p: { obj_id: step } };
      if (entry.scope === 'change:frame') t += 20;
      const isKept = page.writer.add(entry);
      void page.writer.write();
      if (chance() < 0.5) void page.sender.sendNow();
      expect(await isKept).toBe(true);
      if (entry.scope === 'change:frame') n_frames++;
      else (entry.scope === 'debug:info' ? poison : persisted).push(step);
    } else if (at < 0.8) await page.sender.sendNow();
    else if (at < 0.9) void page.sender.sendNow();
    else if (at < 0.95 && canLeave) void page.sender.leave();
    // A crash: nothing of the page is left but what is on the disk.
    else pages.splice(pages.indexOf(page), 1, open());
    if (chance() < 0.3) await tick();
  }

  server.fate = () => 'answer';
  for (const page of [...pages, open()]) {
    while (!(await page.sender.sendNow()));
  }
  const stored = server.stored.filter((event) => event.scope === 'draw:object');
  expect(stored.map((event) => (event as Sent & { obj_id: number }).obj_id).sort((a, b) => a - b)).toEqual(
    persisted,
  );
  const frames = server.stored.filter((event) => event.scope === 'change:frame') as (Sent & {
    count: number;
  })[];
  expect(frames.reduce((sum, event) => sum + event.count, 0)).toBe(n_frames);
  // Each of the refused ones alone was set aside.
  expect(new Set(refused).size).toBe(poison.length);
  if (!canLeave) expect(server.hours_ms).toBe(worked(server.stored, undefined, () => false));
});
