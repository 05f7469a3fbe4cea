/** How a timesheet is looked at, as it stands in the address. */

/** Paths of rows: those that are open, or, where all are, those that are not. */
export interface Opened {
  isAll: boolean;
  except: ReadonlySet<string>;
}

export interface Look {
  /** What the columns are. */
  by: 'days' | 'projects';
  format: 'minutes' | 'decimal';
  opened: Opened;
}

export const NOTHING_OPENED: Opened = { isAll: false, except: new Set() };
const ALL_OPENED: Opened = { isAll: true, except: new Set() };

export const PLAIN_LOOK: Look = { by: 'days', format: 'minutes', opened: NOTHING_OPENED };

export function isOpen({ isAll, except }: Opened, path: string): boolean {
  return isAll !== except.has(path);
}

export function toggled({ isAll, except }: Opened, path: string): Opened {
  const next = new Set(except);
  if (!next.delete(path)) next.add(path);
  return { isAll, except: next };
}

/** All that are to be opened, or none. */
export function openedAll(isAll: boolean): Opened {
  return isAll ? ALL_OPENED : NOTHING_OPENED;
}

/** Whether each of these rows is open. */
export function areAllOpen(opened: Opened, paths: readonly string[]): boolean {
  return paths.length > 0 && paths.every((path) => isOpen(opened, path));
}

const NAMES = /^(by|hours|open)\.(\d+)$/;

/** By panel, from `by.1=projects`, `hours.1=decimal`, `open.1=5,5/Project 3`; `*` is all but those that follow. */
export function parseLooks(params: URLSearchParams): Record<number, Look> {
  const looks: Record<number, Look> = {};
  for (const [key, value] of params) {
    const [, name, panel] = NAMES.exec(key) ?? [];
    if (name === undefined) continue;
    const look = looks[Number(panel)] ?? PLAIN_LOOK;
    const change: Partial<Look> =
      name === 'by' && value === 'projects' ? { by: 'projects' }
      : name === 'hours' && value === 'decimal' ? { format: 'decimal' }
      : name === 'open' ? { opened: parseOpened(value) }
      : {}; // prettier-ignore
    looks[Number(panel)] = { ...look, ...change };
  }
  return looks;
}

export function writeLooks(params: URLSearchParams, looks: Record<number, Look>) {
  for (const [panel, { by, format, opened }] of Object.entries(looks)) {
    if (by !== PLAIN_LOOK.by) params.set(`by.${panel}`, by);
    if (format !== PLAIN_LOOK.format) params.set(`hours.${panel}`, format);
    if (opened.isAll || opened.except.size > 0) params.set(`open.${panel}`, openedText(opened));
  }
}

function parseOpened(text: string): Opened {
  const [first, ...others] = text.split(',');
  const isAll = first === '*';
  const paths = isAll ? others : [first!, ...others];
  return { isAll, except: new Set(paths.filter((path) => path !== '').map((path) => path.replaceAll('%2C', ','))) }; // prettier-ignore
}

function openedText({ isAll, except }: Opened): string {
  const paths = [...except].map((path) => path.replaceAll(',', '%2C'));
  return [...(isAll ? ['*'] : []), ...paths].join(',');
}
