/** The options of a variable, from the rows of its query or as written in the file. */
import type { Option, Variable } from './variable';

export interface OptionColumn {
  name: string;
}

/**
 * One column is value and text. Of two the first is the value (as in Grafana's ClickHouse source),
 * unless they are named `__value` and `__text`; a third one, `__count` or `events`, says how many rows
 * have it.
 */
export function optionsOfRows(variable: Variable, columns: OptionColumn[], rows: unknown[][]): Option[] {
  const at = (name: string) => columns.findIndex((column) => column.name === name);
  const count = Math.max(at('__count'), columns.length > 2 ? at('events') : -1);
  const others = columns.map((_, index) => index).filter((index) => index !== count);
  const value = at('__value') >= 0 ? at('__value') : (others[0] ?? 0);
  const text = at('__text') >= 0 ? at('__text') : (others[1] ?? value);
  const found = new Map<string, Option>();
  const take = matcher(variable.regex);
  for (const row of rows) {
    // Nothing can be asked for by NULL: no `IN` finds it.
    if (row[value] === null || row[value] === undefined) continue;
    const option = take(String(row[value]), String(row[text] ?? row[value]));
    if (option === null || found.has(option.value)) continue;
    if (count >= 0) option.count = Number(row[count]);
    found.set(option.value, option);
  }
  return sorted([...found.values()], variable.sort);
}

/** `a, b : 5` of a custom variable: a text may stand before its value; `\,` is a comma. */
export function writtenOptions(query: string): Option[] {
  const parts = query.match(/(?:\\,|[^,])+/g) ?? [];
  return parts.map((part) => {
    const [text, value] = part.replaceAll('\\,', ',').split(' : ', 2) as [string, string | undefined];
    return { text: text.trim(), value: (value ?? text).trim() };
  });
}

function matcher(regex: string): (value: string, text: string) => Option | null {
  const whole = (value: string, text: string): Option => ({ value, text });
  if (regex === '') return whole;
  const [, body, flags] = /^\/(.*)\/([gimsuy]*)$/s.exec(regex) ?? [, `^${regex}$`, ''];
  let compiled: RegExp;
  try {
    compiled = new RegExp(body!, flags!.replace(/[gy]/g, ''));
  } catch {
    return whole;
  }
  return (value, text) => {
    const match = compiled.exec(text);
    if (match === null) return null;
    const named = match.groups ?? {};
    if ('text' in named || 'value' in named) {
      return { value: named.value ?? named.text ?? value, text: named.text ?? named.value ?? text };
    }
    return match[1] === undefined ? { value, text } : { value: match[1], text: match[1] };
  };
}

/** Grafana's numbers: 1, 2 by letter; 3, 4 by number; 5, 6 without case; the even ones descending. */
function sorted(options: Option[], sort: number): Option[] {
  if (sort === 0) return options;
  const number = ({ text }: Option) => Number(/-?\d+(?:\.\d+)?/.exec(text)?.[0] ?? NaN);
  const collator = new Intl.Collator('en', {
    sensitivity: sort >= 5 ? 'base' : 'variant',
    numeric: sort >= 7,
  });
  const byNumber = (a: Option, b: Option) => {
    const [x, y] = [number(a), number(b)];
    return Number.isNaN(x) || Number.isNaN(y) ? Number(Number.isNaN(x)) - Number(Number.isNaN(y)) : x - y;
  };
  const compare =
    sort === 3 || sort === 4 ? byNumber : (a: Option, b: Option) => collator.compare(a.text, b.text);
  const ascending = options.sort(compare);
  return sort % 2 === 0 ? ascending.reverse() : ascending;
}
