/** How the server is, and what of it somebody has to look at. */
import type { Described, With } from '../api/described';
import { figureText, numberText } from '../format/value';
import { counted } from './users';

export type Filling = With<Described['Filling'], { bytes: number | null }>;

export type ServerStatus = With<
  Described['ServerStatus'],
  {
    refused_because: string | null;
    database: With<
      Described['DatabaseStatus'],
      Record<'bytes' | 'log_bytes' | 'memory_bytes' | 'process_bytes', number | null> & {
        version: string | null;
      }
    >;
    last_backup: Described['BackupStatus'] | null;
    dead_letters: Filling;
    exports: Filling;
    memory_bytes: number | null;
  }
>;

/** What a trouble is about. */
export type Part =
  | 'events'
  | 'delay'
  | 'journal'
  | 'database'
  | 'window'
  | 'repeats'
  | 'disk'
  | 'letters'
  | 'exports'
  | 'memory'
  | 'restarts';

export interface Trouble {
  part: Part;
  text: string;
  /** Events or answers are lost or refused; else it may come to that. */
  isBad: boolean;
}

/** A database that is not that far behind is only busy, s. */
const BEHIND_S = 10;

/** Of what may be there, from when on it is told that there is much. */
const MUCH = 0.8;

/** What senders with any account may fill of the dead letters (`Share` in dead_letter.rs). */
const SHARE_OF_ALL = 0.5;

/** Free space that is told of, in the space that has to stay free. */
const SHORT_DISK = 4;

/** Until when a restart is told of above all, ms: whoever looks comes within the hour. */
const RECENT_MS = 3_600_000;

export const bytesText = (bytes: number) => figureText(bytes, { unit: 'bytes' });

export const durationText = (seconds: number) => figureText(seconds < 10 ? seconds : Math.round(seconds), { unit: 's' }); // prettier-ignore

/** Events that are acknowledged and not in the database yet. */
export function nBehind({ journal }: ServerStatus): number {
  return Math.max(journal.position - journal.applied_position, 0);
}

/** Events a second that were acknowledged from one answer to the next; `null` where the server began anew between them. */
export function rateBetween(before: ServerStatus, after: ServerStatus, ms: number): number | null {
  const n = after.journal.position - before.journal.position;
  return ms <= 0 || n < 0 || before.started !== after.started ? null : (n / ms) * 1000;
}

/** From 0 to 1; `null` if it is not known. */
export function shareOf(bytes: number | null, max: number): number | null {
  return bytes === null || max <= 0 ? null : Math.min(bytes / max, 1);
}

/** What is wrong at `now` (ms since the epoch), the worst first. */
export function troubles(status: ServerStatus, now: number): Trouble[] {
  const found = [
    ofEvents(status),
    ...ofJournal(status),
    ofDatabase(status),
    ofDisk(status),
    ofMemory(status),
    ofRestarts(status, now),
    ofLetters(status),
    ofWindow(status),
    ofRepeats(status),
    ofExports(status),
  ].filter((trouble) => trouble !== null);
  return [...found.filter(({ isBad }) => isBad), ...found.filter(({ isBad }) => !isBad)];
}

function ofEvents({ refused_because: reason }: ServerStatus): Trouble | null {
  if (reason === null) return null;
  const said = reason.charAt(0).toUpperCase() + reason.slice(1);
  return { part: 'events', text: `Events are not taken now. ${said}.`, isBad: true };
}

function ofJournal(status: ServerStatus): (Trouble | null)[] {
  const { journal } = status;
  const full = shareOf(journal.bytes, journal.max_bytes) ?? 0;
  const isLate = journal.oldest_seconds > BEHIND_S;
  const late = `The database is ${counted(nBehind(status), 'event')} behind; the oldest waits for ${durationText(journal.oldest_seconds)}.`;
  const much = `The journal is ${percentText(full)} full; once it is full, events are refused.`;
  return [
    isLate ? { part: 'delay', text: late, isBad: false } : null,
    full >= MUCH ? { part: 'journal', text: much, isBad: true } : null,
  ];
}

function ofDatabase({ database }: ServerStatus): Trouble | null {
  if (database.version !== null) return null;
  const text = 'The database does not answer now: queries fail, and events wait in the journal.';
  return { part: 'database', text, isBad: true };
}

function ofDisk({ disk: { free_bytes: free, min_free_bytes: least } }: ServerStatus): Trouble | null {
  if (free >= SHORT_DISK * least) return null;
  const text = `The disk has ${bytesText(free)} left; with less than ${bytesText(least)} the database takes no events.`;
  return { part: 'disk', text, isBad: free < least };
}

function ofMemory({
  database: { process_bytes: bytes, max_process_bytes: most },
}: ServerStatus): Trouble | null {
  if (bytes === null || bytes <= most) return null;
  const text = `The database's process has taken ${bytesText(bytes)} of memory; beyond ${bytesText(most)} queries are ended, the newest first.`;
  return { part: 'memory', text, isBad: true };
}

function ofRestarts({ restarts: { latest } }: ServerStatus, now: number): Trouble | null {
  const [last] = latest;
  if (last === undefined || now - Date.parse(last.at) > RECENT_MS) return null;
  const text = `The database's process ended by itself ${durationText((now - Date.parse(last.at)) / 1000)} ago and was started again: ${last.reason}.`;
  return { part: 'restarts', text, isBad: false };
}

function ofLetters({ dead_letters: { bytes, max_bytes: most } }: ServerStatus): Trouble | null {
  const part = 'letters';
  if (bytes === null) return { part, text: 'The dead letters cannot be looked at: the log says why.', isBad: true }; // prettier-ignore
  if (bytes === 0) return null;
  const isBad = bytes >= SHARE_OF_ALL * most;
  const text = isBad
    ? `The dead letters have no more room for what clients send and cannot be stored: it is lost.`
    : `There are dead letters, events that could not be stored.`;
  return { part, text: `${text} See annoscope dead-letter list.`, isBad };
}

function ofWindow({ dedup_window: { damaged_files: n } }: ServerStatus): Trouble | null {
  if (n === 0) return null;
  const found =
    n === 1 ? '1 file of the dedup window was' : `${numberText(n)} files of the dedup window were`;
  const text = `${found} damaged or missing: events in it that are sent again are stored twice.`;
  return { part: 'window', text, isBad: false };
}

function ofRepeats({ database: { lacking } }: ServerStatus): Trouble | null {
  if (lacking.length === 0) return null;
  const text = `Events are stored at least once: after a lost answer one may be there twice. ${lacking.join('; ')}.`;
  return { part: 'repeats', text, isBad: false };
}

function ofExports({ exports: { bytes, max_bytes: most } }: ServerStatus): Trouble | null {
  const full = shareOf(bytes, most) ?? 0;
  if (full < MUCH) return null;
  const text = `Results of exports take ${percentText(full)} of their room; an export that finds none fails.`;
  return { part: 'exports', text, isBad: false };
}

export const percentText = (share: number) => `${numberText(Math.floor(share * 100), 0)}%`;
