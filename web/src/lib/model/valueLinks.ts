/** Data links: where a value of a panel leads, as Grafana's files write it. */
import { plainText, type Column } from '../data/frame';
import type { FieldConfig } from './grafana';
import { filledIn, isSafe, onThisSite, type LinkContext } from './links';

/** A value, and what a link to what is behind it may name. */
export interface LinkedValue {
  value: unknown;
  /** As it is shown. */
  text?: string;
  /** Its own column, with the labels of its series where it has some. */
  column: Pick<Column, 'name' | 'labels'>;
  row: readonly unknown[];
  columns: readonly Pick<Column, 'name'>[];
  /** When it was, ms; `null` for no time. */
  timeMs?: number | null;
}

export interface ValueLink {
  title: string;
  href: string;
  isNewTab: boolean;
}

interface Source {
  title?: string;
  url?: string;
  targetBlank?: boolean;
}

/** What can be followed of the links of a field; nothing leads nowhere. */
export function valueLinks({ links }: FieldConfig, of: LinkedValue, context: LinkContext): ValueLink[] {
  if (!links?.length || of.value === null || of.value === undefined || of.value === '') return [];
  return (links as Source[]).flatMap(({ title = '', url = '', targetBlank }) => {
    // The range of the answer, not a word for it: what it leads to are the rows of this value.
    const { from, to } = context.range;
    const exact = { ...context, from: String(from), to: String(to) };
    const text = (written: string, encoded: (text: string) => string) =>
      withValues(filledIn(written, exact, encoded), of, encoded);
    const href = onThisSite(text(url, encodeURIComponent));
    if (!isSafe(href)) return [];
    return { title: text(title, (text) => text) || of.column.name, href, isNewTab: targetBlank === true };
  });
}

const REFERENCE =
  /\$\{__(value|data|field|series)\.(\w+)(?:\.([^}[\]:]+)|\[(?:"([^"]+)"|'([^']+)'|(\d+))\])?(?::\w+)?\}/g;

function withValues(text: string, of: LinkedValue, encoded: (text: string) => string): string {
  return text.replace(REFERENCE, (written, what: string, member: string, dotted, quoted, single, place) => {
    const name = (dotted ?? quoted ?? single) as string | undefined;
    const found = valueOf(`${what}.${member}`, name, place as string | undefined, of);
    return found === undefined ? written : encoded(plainText(found));
  });
}

/** What a reference means; `undefined` for one that nobody knows. */
function valueOf(what: string, name: string | undefined, place: string | undefined, of: LinkedValue): unknown {
  const { value, text, column, row, columns, timeMs } = of;
  switch (what) {
    case 'value.raw':
    case 'value.numeric':
      return value;
    case 'value.text':
      return text ?? value;
    case 'value.time':
      return timeMs ?? '';
    case 'field.name':
    case 'series.name':
      return column.name;
    case 'field.labels':
      return name === undefined ? Object.values(column.labels ?? {}).join(', ') : (column.labels?.[name] ?? '');
    case 'data.fields':
      return row[place === undefined ? columns.findIndex((other) => other.name === name) : Number(place)] ?? '';
    default:
      return undefined;
  }
} // prettier-ignore
