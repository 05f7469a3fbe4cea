/** One event: what a caller says about it, CVAT's checks, and the text that is sent. */
import { toIso } from './page.ts';
import { SCOPES, type Scope } from './scopes.ts';

/** What an event says beside its scope and its time. Everything that is no field of its own is kept as the payload. */
export interface Payload {
  obj_name?: string;
  obj_id?: number;
  obj_val?: string;
  /** How many objects or steps it stands for. */
  count?: number;
  /** In ms. Timed events have it from `close`. */
  duration?: number;
  project_id?: number;
  task_id?: number;
  job_id?: number;
  [key: string]: unknown;
}

/** What `payload` has to have for a scope, by CVAT's checks. */
export type PayloadOf<S extends Scope> = S extends Counted
  ? Payload & { count: number }
  : S extends 'send:exception'
    ? Payload & { message: string; filename: string; stack: string; line: number; column: number }
    : Payload;

/** Whether a scope can be logged without a payload. */
export type NeedsPayload = Counted | 'send:exception';

const COUNTED = [
  'delete:object',
  'merge:objects',
  'copy:object',
  'action:undo',
  'action:redo',
  'change:frame',
] as const;
type Counted = (typeof COUNTED)[number];

/** An event that waits. Its time is one of the page's own clock (`clock.ts`), in whole ms. */
export interface Entry {
  scope: Scope;
  t: number;
  p: Payload;
}

/** When an event was over. */
export const endOf = (entry: Entry) => entry.t + (entry.p.duration ?? 0);

/** CVAT's checks of what an event must have: what is missing, if anything is. */
export function problemOf(scope: Scope, payload: Payload): string | undefined {
  if (!SCOPES.includes(scope)) return 'no scope of a page';
  if (COUNTED.includes(scope as Counted) && !(Number.isInteger(payload.count) && payload.count! > 0)) {
    return 'count must be an integer from 1 on';
  }
  if (scope === 'send:exception') {
    const types = {
      message: 'string',
      filename: 'string',
      stack: 'string',
      line: 'number',
      column: 'number',
    };
    for (const [key, type] of Object.entries(types)) {
      if (typeof payload[key] !== type) return `${key} must be a ${type}`;
    }
  }
  return undefined;
}

/** They leave the payload for the top of the event, where they say something. */
const FIELDS = [
  'obj_name',
  'obj_id',
  'obj_val',
  'count',
  'duration',
  'project_id',
  'task_id',
  'job_id',
  'user_id',
  'organization',
];

/** The event as it is sent. Throws where the payload is no JSON. */
export function toJson({ scope, t, p }: Entry): string {
  const event: Record<string, unknown> = { scope, timestamp: toIso(t) };
  const rest: Payload = {};
  for (const key in p) {
    const value = p[key];
    if (!FIELDS.includes(key)) rest[key] = value;
    else if (value !== '' && value != null)
      event[key] = key === 'duration' ? Math.round(value as number) : value;
  }
  event.payload = JSON.stringify(rest);
  return JSON.stringify(event);
}
