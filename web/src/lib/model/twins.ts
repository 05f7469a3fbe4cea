/** Dashboards of the same title, and what tells them apart. */

interface Titled {
  uid: string;
  title: string;
  builtin: boolean;
}

export function isSameTitle(a: string, b: string): boolean {
  return a.trim().toLowerCase() === b.trim().toLowerCase();
}

/** What stands beside a title that another one has, by uid. */
export function twinMarks(entries: readonly Titled[]): Map<string, string> {
  const twins = entries.filter(({ uid, title }) =>
    entries.some((other) => other.uid !== uid && isSameTitle(other.title, title)),
  );
  return new Map(twins.map(({ uid, builtin }) => [uid, builtin ? 'built in' : uid]));
}
