/**
 * annoscope-logger: records what people do in an annotation page, in CVAT's event format, and sends it to annoscope or
 * CVAT. `createLogger` is the way in; README.md says what is guaranteed.
 */
import { watchActivity } from './activity.ts';
import { createClock } from './clock.ts';
import { problemOf, type NeedsPayload, type Payload, type PayloadOf } from './event.ts';
import { describe, platform, watchUncaught } from './exceptions.ts';
import { createQueue } from './queue.ts';
import type { Scope } from './scopes.ts';
import { createSender } from './sender.ts';
import { createShared, listen } from './page.ts';
import { createWriter } from './writer.ts';

export type { Payload, PayloadOf, Scope };
export type { SendError } from './sender.ts';

/** CVAT's page sends so often. */
const TIMER_MS = 90_000;
/** After the first event, an exception, or a jump of the clock. */
const SOON_MS = 2000;
/** Some eleven hours of work that never stops. */
const MAX_PIECES = 4000;

export interface Options {
  /** Where events go: `/api/events`, with `?org=…` for work in an organization. */
  url: string;
  /** Who is logged in: events wait for each user on their own. */
  user?: string | number;
  /** Headers of each request, such as `Authorization`. By default `X-CSRFToken` from CVAT's cookie. */
  headers?: () => Record<string, string>;
  /** Is told what cannot be recorded or sent. By default it is written to the console. */
  onError?: (error: Error) => void;
  /** Whether an event that lacks something is thrown back at the caller instead of being told to `onError`. */
  isDevelopment?: boolean;
  /** Whether uncaught exceptions are recorded. */
  exceptions?: boolean;
  /** Whether `user:activity` is recorded while a job is open. */
  activity?: boolean;
  /** How many pieces wait at most, of up to 10 s of events each. Newer events are refused then. */
  maxPieces?: number;
}

/** Resolves when the event is on the disk: `true`; or `false` where that cannot be. It never rejects. */
export type Persisted = Promise<boolean>;

/** An event that takes a while. */
export interface Timed<S extends Scope> {
  /** Records it, with the time since its start as the duration. Later calls do nothing. */
  close(payload?: Partial<PayloadOf<S>>): { persisted: Persisted };
}

type Arguments<S extends Scope> = S extends NeedsPayload ? [payload: PayloadOf<S>] : [payload?: PayloadOf<S>];

export interface EventLogger {
  /** Records an event that happens now. */
  log<S extends Scope>(scope: S, ...payload: Arguments<S>): { persisted: Persisted };
  /** Begins an event that is recorded when it is closed. */
  start<S extends Scope>(scope: S, payload?: Partial<PayloadOf<S>>): Timed<S>;
  /** Records an exception that was caught. */
  exception(thrown: unknown): { persisted: Persisted };
}

export interface JobLogger extends EventLogger {
  /** Sends what waits: the annotations were saved. */
  saved(): Promise<boolean>;
  /** Sends what waits: the annotation view was left. */
  leave(): Promise<boolean>;
}

export interface Logger extends EventLogger {
  /** A logger whose events belong to a task. */
  task(ids: { project_id?: number; task_id: number }): EventLogger;
  /** A logger for the annotation view of a job, which was just opened; what waits is sent. */
  job(ids: { project_id?: number; task_id?: number; job_id: number }): JobLogger;
  /** Sends what waits; gives whether nothing waits any more. */
  send(): Promise<boolean>;
  /** Sends what waits and ends the logger. To be awaited before the session is ended. */
  logout(): Promise<boolean>;
}

function csrfHeaders(): Record<string, string> {
  const token = /(?:^|; )csrftoken=([^;]*)/.exec(document.cookie)?.[1];
  return token ? { 'X-CSRFToken': token } : {};
}

/** Ten random digits that a browser keeps for good, as in CVAT. */
function clientId(): string {
  const shared = createShared('annoscope-logger client');
  const id = shared.get() ?? String(Math.random()).slice(2, 12).padEnd(10, '0');
  shared.set(id);
  return id;
}

export function createLogger(options: Options): Logger {
  const name = `annoscope-logger ${options.url} ${options.user ?? ''}`;
  const onError = options.onError ?? ((error) => console.warn('annoscope-logger:', error));
  const clock = createClock();
  const queue = createQueue(name, options.maxPieces ?? MAX_PIECES);
  const writer = createWriter(queue, clock, onError);
  const { url, headers = csrfHeaders } = options;
  const sender = createSender(name, queue, writer, clock, { url, headers, onError });
  const client_id = clientId();
  const ends: (() => void)[] = [];
  let soon: ReturnType<typeof setTimeout> | undefined;

  function sendSoon(): void {
    soon ??= setTimeout(() => {
      soon = undefined;
      void sender.send();
    }, SOON_MS);
  }

  /** `t`: when the event began. */
  function record(scope: Scope, payload: Payload, t: number): { persisted: Persisted } {
    try {
      const p: Payload = { client_id, is_active: document.hasFocus(), ...payload };
      const problem = problemOf(scope, p);
      if (problem) throw new TypeError(`${scope}: ${problem}`);
      const persisted = writer.add({ scope, t, p });
      if (scope === 'send:exception' || !clock.isLearned()) sendSoon();
      return { persisted };
    } catch (error) {
      if (options.isDevelopment) throw error;
      onError(error as Error);
      return { persisted: Promise.resolve(false) };
    }
  }

  function withIds(ids: Payload): EventLogger {
    const log = (scope: Scope, payload?: Payload) =>
      record(scope, { ...(scope === 'load:cvat' && loaded()), ...ids, ...payload }, clock.now());
    return {
      log,
      start(scope, begun) {
        const t = clock.now();
        let closed: { persisted: Persisted } | undefined;
        return {
          close: (payload) =>
            (closed ??= record(
              scope,
              { ...ids, ...begun, ...payload, duration: clock.now() - t } as Payload,
              t,
            )),
        };
      },
      exception: (thrown) => log('send:exception', describe(thrown)),
    };
  }

  /** What is known of the page's browser. */
  const loaded = () => ({ location: location.pathname, platform: platform() });

  const all = withIds({});
  if (options.exceptions !== false) ends.push(watchUncaught((payload) => all.log('send:exception', payload)));
  const timer = setInterval(sender.send, TIMER_MS);
  ends.push(
    () => clearInterval(timer),
    listen(document, 'visibilitychange', () => document.hidden && void sender.leave()),
    listen(window, 'pagehide', sender.leave),
    listen(window, 'online', sender.sendNow),
  );
  // What an earlier page left.
  void sender.send();

  return {
    ...all,
    task: withIds,
    job(ids) {
      const own = withIds(ids);
      const end = options.activity === false ? undefined : watchActivity(() => own.log('user:activity'));
      if (end) ends.push(end);
      void sender.send();
      return {
        ...own,
        saved: sender.send,
        leave: () => (end?.(), sender.send()),
      };
    },
    send: sender.send,
    async logout() {
      ends.forEach((end) => end());
      clearTimeout(soon);
      const isEmpty = await sender.sendNow();
      sender.stop();
      return isEmpty;
    },
  };
}
