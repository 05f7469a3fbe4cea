/**
 * Annotations of a dashboard: what happened beside the data. A list is a query, as in Grafana, or dates that are written
 * in the file (`dates`, ours): holidays, deploys.
 */
import { numberOf, plainText, type Frame } from '../data/frame';
import { namedColor } from '../format/colors';
import { parseInstant } from '../time/instant';
import type { Range } from '../time/range';
import type { Zone } from '../time/zone';
import type { GrafanaAnnotations, GrafanaDashboard, WrittenDate } from './grafana';

export interface AnnotationList {
  name: string;
  color: string;
  /** What the file says; a view may say another. */
  startsOn: boolean;
  /** Has no switch in the header. */
  isHidden: boolean;
  sql: string;
  dates: WrittenDate[];
  /** Panels that it is shown on; `null` for all. */
  panels: { ids: number[]; isExcluding: boolean } | null;
  /** Which column is what, where the file says so. */
  fields: Record<string, string>;
}

export interface Annotation {
  list: string;
  color: string;
  fromMs: number;
  /** The same for one of an instant. */
  toMs: number;
  text: string;
  tags: string[];
}

/** Those that can be shown: Grafana's own list of alerts and what is in its database are not here. */
export function parseAnnotations({ annotations }: GrafanaDashboard): AnnotationList[] {
  return (annotations?.list ?? []).flatMap((source) => {
    const { name = '', builtIn, enable, hide, iconColor = 'blue', filter, target, dates, mappings } = source;
    if (builtIn || !canAsk(source)) return [];
    const fields = Object.entries(mappings ?? {}).flatMap(([what, { source = 'field', value }]) =>
      source === 'field' && value ? [[what, value] as const] : [],
    );
    return {
      name,
      color: namedColor(iconColor),
      startsOn: enable !== false,
      isHidden: hide === true,
      sql: target?.rawSql ?? '',
      dates: Array.isArray(dates) ? dates : [],
      panels: filter?.ids ? { ids: filter.ids, isExcluding: filter.exclude === true } : null,
      fields: Object.fromEntries(fields),
    };
  });
}

export function canAsk({ target, dates }: GrafanaAnnotations): boolean {
  return (target?.rawSql ?? '').trim() !== '' || Array.isArray(dates);
}

export function isShownOn({ panels }: AnnotationList, panel: number): boolean {
  return panels === null || panels.ids.includes(panel) !== panels.isExcluding;
}

/** Of the rows of a list's query: `time`, and where they are there `timeEnd`, `title`, `text` and `tags`. */
export function annotationsOfRows({ name, color, fields }: AnnotationList, { columns, rows }: Frame): Annotation[] {
  const placeOf = (what: string) => {
    const wanted = (fields[what] ?? what).toLowerCase();
    return columns.findIndex((column) => column.name.toLowerCase() === wanted);
  };
  const times = columns.flatMap(({ kind }, at) => (kind === 'time' ? [at] : []));
  const [time, end, title, text, tags] = [
    placeOf('time') >= 0 ? placeOf('time') : (times[0] ?? -1),
    placeOf('timeEnd'),
    placeOf('title'),
    placeOf('text') >= 0 ? placeOf('text') : columns.findIndex(({ kind }) => kind === 'text'),
    placeOf('tags'),
  ];
  return rows.flatMap((row) => {
    const fromMs = numberOf(row[time]);
    if (fromMs === null) return [];
    const toMs = numberOf(row[end]) ?? 0;
    const texts = title === text ? [text] : [title, text];
    return {
      list: name,
      color,
      fromMs,
      // Grafana writes 0 where nothing ends.
      toMs: Math.max(toMs, fromMs),
      text: texts.map((at) => plainText(row[at])).filter(Boolean).join('\n'),
      tags: tagsOf(row[tags]),
    };
  });
} // prettier-ignore

/** Of the dates that are written in a list: days are whole ones of the zone. What is no date is left out. */
export function annotationsOfDates({ name, color, dates }: AnnotationList, zone: Zone): Annotation[] {
  return dates.flatMap(({ time = '', timeEnd, text = '', tags }) => {
    const fromMs = parseInstant(time, 'from', 0, zone);
    if (fromMs === null) return [];
    const isDay = /^\d+-\d+-\d+$/.test(time.trim());
    const toMs = timeEnd || isDay ? parseInstant(timeEnd || time, 'to', 0, zone) : fromMs;
    return { list: name, color, fromMs, toMs: Math.max(toMs ?? fromMs, fromMs), text, tags: tagsOf(tags) };
  });
}

function tagsOf(tags: unknown): string[] {
  const list = Array.isArray(tags) ? tags : typeof tags === 'string' ? tags.split(',') : [];
  return list.map((tag) => plainText(tag).trim()).filter((tag) => tag !== '');
}

export function within(annotations: Annotation[], { from, to }: Range): Annotation[] {
  return annotations.filter(({ fromMs, toMs }) => toMs >= from && fromMs <= to);
}

/** Dates as they are typed, one a line: `2026-12-24 – 2026-12-26 Christmas`. */
export function datesText(dates: WrittenDate[]): string {
  return dates.map(({ time, timeEnd, text }) => [time, timeEnd && `– ${timeEnd}`, text].filter(Boolean).join(' ')).join('\n'); // prettier-ignore
}

const LINE = /^(\d{4}-\d{1,2}-\d{1,2}(?:[T ]\d{1,2}:\d{2}(?::\d{2})?)?)(?:\s*(?:–|-|to)\s*(\d{4}-\d{1,2}-\d{1,2}(?:[T ]\d{1,2}:\d{2}(?::\d{2})?)?))?(?:\s+(.*))?$/; // prettier-ignore

/** The dates of such a text; what a line that is none says, if there is one. */
export function writtenDates(text: string): { dates: WrittenDate[]; wrong: string | null } {
  const lines = text.split('\n').map((line) => line.trim()).filter(Boolean); // prettier-ignore
  const found = lines.map((line) => ({ line, match: LINE.exec(line) }));
  const isTime = (time: string | undefined) => time === undefined || parseInstant(time, 'from', 0, 'utc') !== null; // prettier-ignore
  const wrong = found.find(({ match }) => match === null || !isTime(match[1]) || !isTime(match[2]));
  const dates = found.flatMap(({ match }) => {
    if (match === null) return [];
    const [, time, timeEnd, text] = match;
    return { time: time!, ...(timeEnd ? { timeEnd } : {}), ...(text ? { text } : {}) };
  });
  return { dates, wrong: wrong?.line ?? null };
}
