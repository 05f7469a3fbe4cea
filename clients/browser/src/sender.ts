/** From the queue to the server: in bulk, in order, again until it is answered. */
import type { Clock, Stamp } from './clock.ts';
import type { Kept, Last, Piece, Queue, Sent } from './queue.ts';
import { createShared, toIso } from './page.ts';
import { createTurn } from './turn.ts';
import type { Writer } from './writer.ts';

/** Of one request: browsers let requests of 64 KiB go through after the page is gone. */
const BATCH_CHARS = 50_000;
const KEEPALIVE_BYTES = 60_000;
const ANSWER_MS = 30_000;
/** The first wait after a failure; it doubles. */
const WAIT_MS = 1000;
const MAX_WAIT_MS = 300_000;
const MAX_RETRY_AFTER_MS = 3_600_000;
/** Two clocks that differ by no more are one. */
const SAME_CLOCK_MS = 100;
/** The server knows a repeat for seven days. After that what may have arrived must not be sent again. */
const IN_DOUBT_MS = 6 * 86_400_000;
/** Answers to what is wrong with a request, not with its time or its sender: the same request never passes. */
const isRefused = (status: number) =>
  status >= 400 && status < 500 && ![401, 403, 408, 425, 429].includes(status);
/** Of those, the ones that a single event may be the reason of. */
const isOfContent = (status: number) => status === 400 || status === 413 || status === 422;

/** Why something was not sent. */
export interface SendError extends Error {
  /** Of the answer; 0 without one. */
  status: number;
  /** The events that will not be sent any more, as JSON. Empty when all will be tried again. */
  events: string[];
}

const sendError = (message: string, status: number, events: string[] = []): SendError =>
  Object.assign(new Error(message), { status, events });

export interface SenderOptions {
  url: string;
  headers: () => Record<string, string>;
  onError: (error: Error) => void;
}

const isInDoubt = (piece: Piece) => !!piece.a && Date.now() - piece.a > IN_DOUBT_MS;
const endOf = (event: Sent) => Date.parse(event.timestamp) + lengthOf(event);
/** What counts as working time by itself. */
const lengthOf = (event: Sent) => (event.scope === 'change:frame' ? (event.duration ?? 0) : 0);

export function createSender(
  name: string,
  queue: Queue,
  writer: Writer,
  clock: Clock,
  options: SenderOptions,
) {
  const turn = createTurn(name);
  /** A copy of `last` for a page that goes away, which has no time to ask the queue. */
  const shared = createShared(`${name} last`);
  let last: Last | undefined;
  let sending: Promise<boolean> | undefined;
  /** What comes after it. */
  let next: Promise<boolean> | undefined;
  let n_failures = 0;
  /** By `performance.now()`. */
  let notBefore = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const isWaiting = () => performance.now() < notBefore;

  /**
   * Of the first pieces those that go into one request. Those that were sent before go first, in the order in which they
   * were: the server may have them, and has then counted up to them.
   */
  function pick<P extends Piece>(first: P[]): P[] {
    const pieces = [...first].sort((one, other) => (one.a ?? Infinity) - (other.a ?? Infinity) || 0);
    let n_chars = 0;
    const end = pieces.findIndex((piece, index) => {
      const first = pieces[0]!;
      n_chars += piece.e.join().length;
      return (
        index &&
        (n_chars > BATCH_CHARS ||
          !!piece.a !== !!first.a ||
          isInDoubt(piece) !== isInDoubt(first) ||
          Math.abs(clock.shift(piece) - clock.shift(first)) > SAME_CLOCK_MS)
      );
    });
    return end < 0 ? pieces : pieces.slice(0, end);
  }

  /** How much later than by this page's clock the request says it is sent. Events never lie ahead of it. */
  const shiftOf = (pieces: Piece[]) => Math.max(...pieces.map(clock.shift));

  function previous(shift: number): Sent | undefined {
    return last
      ? { ...last.event, timestamp: toIso(Date.parse(last.event.timestamp) + shift - clock.shift(last)) }
      : undefined;
  }

  /**
   * Keeps the last event for the next request, moved to the latest end of all: where events are not in order, as timed
   * ones are not, the server then goes on as if it had got everything in one request.
   */
  function passed(events: string[], stamp: Stamp): void {
    const before = previous(clock.shift(stamp));
    const sent = events.map((event) => JSON.parse(event) as Sent);
    const end = Math.max(...(before ? [before, ...sent] : sent).map(endOf));
    const { payload: _, ...event } = sent.at(-1)!;
    const { s, g, w, o } = stamp;
    last = { event: { ...event, timestamp: toIso(end - lengthOf(event)) }, s, g, w, o };
    shared.set(JSON.stringify(last));
  }

  async function post(events: string[], shift: number): Promise<Response> {
    const before = JSON.stringify(previous(shift));
    const t = clock.now();
    const body = new TextEncoder().encode(
      `{"events":[${events}],${before ? `"previous_event":${before},` : ''}"timestamp":"${toIso(t + shift)}"}`,
    );
    const response = await fetch(options.url, {
      method: 'POST',
      body,
      headers: { 'Content-Type': 'application/json', ...options.headers() },
      credentials: 'same-origin',
      keepalive: body.length < KEEPALIVE_BYTES,
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    clock.learn(response.headers.get('Date'), t);
    void response.body?.cancel();
    if (!response.ok && !isRefused(response.status)) throw response;
    return response;
  }

  /** Sends events of one stamp until they are through, or refused one by one. Throws what is to be tried again. */
  async function deliver(events: string[], stamp: Stamp, shift: number): Promise<void> {
    const { ok, status } = await post(events, shift);
    if (ok) passed(events, stamp);
    else if (isOfContent(status) && events.length > 1) {
      const half = events.length >> 1;
      await deliver(events.slice(0, half), stamp, shift);
      await deliver(events.slice(half), stamp, shift);
    } else options.onError(sendError(`refused with ${status}`, status, events));
  }

  async function sendAll(): Promise<boolean> {
    await writer.write();
    for (;;) {
      turn.renew();
      // Before anything is sent it has to be known what a jump was.
      if (!clock.isSettled()) await post([], 0);
      let all: Kept[] = [];
      const taken = await queue.take((first) => pick((all = first)));
      const pieces = taken.picked;
      last = taken.last;
      writer.keepOnly(all.map((piece) => piece.k));
      const first = pieces[0];
      if (!first) return true;
      const events = pieces.flatMap((piece) => piece.e);
      if (isInDoubt(first)) {
        options.onError(sendError('in doubt for days', 0, events));
      } else await deliver(events, first, shiftOf(pieces));
      await queue.remove(
        pieces.map((piece) => piece.k),
        last,
      );
      n_failures = 0;
    }
  }

  function failed(reason: unknown): void {
    const answer = reason instanceof Response ? reason : undefined;
    const after = answer?.headers.get('Retry-After');
    const after_ms = after ? Number(after) * 1000 || Date.parse(after) - Date.now() : 0;
    const wait_ms = Math.min(MAX_WAIT_MS, WAIT_MS * 2 ** n_failures++) * (0.5 + Math.random() / 2);
    later(Math.max(wait_ms, Math.min(after_ms, MAX_RETRY_AFTER_MS)));
    options.onError(sendError(answer ? `answered ${answer.status}` : String(reason), answer?.status ?? 0));
  }

  function later(ms: number): void {
    notBefore = performance.now() + ms;
    clearTimeout(timer);
    timer = setTimeout(sendNow, ms);
  }

  /** Sends all that is in the queue; gives whether it is empty now. Not while it waits after a failure. */
  function send(): Promise<boolean> {
    if (isWaiting()) return writer.write().then(() => false);
    // What is under way may not have what was logged last.
    if (sending) return (next ??= sending.then(() => ((next = undefined), send())));
    return (sending = turn
      .take(sendAll)
      .then(
        () => true,
        (reason) => (failed(reason), false),
      )
      .finally(() => (sending = undefined)));
  }

  /** Sends at once, whatever failed before. */
  function sendNow(): Promise<boolean> {
    notBefore = 0;
    return send();
  }

  /** Sends what fits into a last request, without waiting for anything: the page goes away. */
  async function leave(): Promise<void> {
    const isHindered = isWaiting() || turn.isTaken() || !clock.isSettled();
    const { picked, keys } = writer.leave(isHindered ? () => [] : pick);
    const first = picked[0];
    if (!first) return;
    const events = picked.flatMap((piece) => piece.e);
    last = JSON.parse(shared.get() ?? 'null') ?? undefined;
    try {
      turn.leave();
      const { ok } = await post(events, shiftOf(picked));
      turn.left();
      // What was refused is looked into by the next sender.
      if (!ok) return;
      await turn.take(async () => {
        ({ last } = await queue.take(() => []));
        passed(events, first);
        await queue.remove(await keys, last);
        return false;
      });
    } catch (reason) {
      turn.left();
      turn.renew();
      failed(reason);
    }
  }

  return {
    send,
    leave,
    sendNow,
    stop: () => clearTimeout(timer),
  };
}
