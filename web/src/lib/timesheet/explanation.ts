/** Why a person's time was counted or was not: events and the gaps between them, in words. */
import { request } from '../api/client';
import type { Described, With } from '../api/described';
import type { Span } from './days';
import { hoursText } from './matrix';

export type Verdict = 'counted' | 'overlapping' | 'too_long' | 'in_part' | 'not_counted';

type Gap = With<Extract<Described['Step'], { kind: 'gap' }>, { verdict: Verdict }>;
export type Step = Exclude<Described['Step'], { kind: 'gap' }> | Gap;
export type Explanation = With<Described['ExplanationAnswer'], { steps: Step[] }>;

/** What the server explains at once; of more events it explains the first. */
export async function explain(
  userId: string,
  { from, to }: Span,
  signal?: AbortSignal,
): Promise<Explanation> {
  const query = new URLSearchParams({
    user_id: userId,
    from: String(Math.floor(from)),
    to: String(Math.ceil(to)),
  });
  return (await request('GET', `/api/explain?${query}`, undefined, signal)) as Explanation;
}

export interface Line {
  atMs: number;
  kind: 'event' | 'gap' | 'booked';
  /** What was done, or how long the gap is. */
  text: string;
  /** What became of it. */
  note: string;
  /** Of a gap. */
  verdict: Verdict | null;
}

export function linesOf(steps: Step[]): Line[] {
  return steps.map((step, at) => {
    switch (step.kind) {
      case 'event':
        return {
          atMs: step.timestamp_ms,
          kind: step.kind,
          text: eventText(step),
          note: eventNote(step),
          verdict: null,
        };
      case 'booked':
        return {
          atMs: step.timestamp_ms,
          kind: step.kind,
          text: `${hoursText(step.hours_ms, 'seconds')} of another tool`,
          note: 'counted whole at this time: it came without intervals',
          verdict: null,
        };
      case 'gap':
        return {
          atMs: step.from_ms,
          kind: step.kind,
          text: lengthText(step.until_ms - step.from_ms),
          note: gapNote(step, at > 0),
          verdict: step.verdict,
        };
    }
  });
}

/** Of what is short to the tenth of a second. */
function lengthText(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : hoursText(ms, 'seconds');
}

type Event = Extract<Step, { kind: 'event' }>;

function eventText({ scope, obj_name, count, job_id }: Event): string {
  const what = [scope, obj_name, count !== null && count !== undefined && count > 1 ? `× ${count}` : null];
  const where = job_id === null || job_id === undefined ? [] : [`job #${job_id}`];
  return [...what.filter(Boolean), ...where].join(' ');
}

function eventNote({ is_activity, scope, duration_ms }: Event): string {
  if (!is_activity) return 'by a server: no activity';
  if (scope === 'change:frame' && duration_ms > 0)
    return `lasted ${hoursText(duration_ms, 'seconds')}, which counts in full`;
  return '';
}

function gapNote(gap: Gap, hasBefore: boolean): string {
  const counted = hoursText(gap.counted_ms, 'seconds');
  switch (gap.verdict) {
    case 'counted':
      return 'counted';
    case 'overlapping':
      return `counted, ${hoursText(gap.twice_ms, 'seconds')} of it once more: two windows were at work`;
    case 'in_part':
      return `${counted} counted: an activity that is not stored (a moving mouse) came between`;
    case 'not_counted':
      return 'not counted, though short: no hours were computed of the activity behind it';
    case 'too_long':
      if (gap.whole_ms === null || gap.whole_ms === undefined)
        return `not counted: no activity ${hasBefore ? 'behind' : 'before'} it within a day`;
      return gap.whole_ms > gap.until_ms - gap.from_ms
        ? `not counted: ${hoursText(gap.whole_ms, 'seconds')} from one activity to the next`
        : 'not counted: too long';
  }
}
