/** Lines on top of each other, for areas that add up. */

export interface Layer {
  values: (number | null)[];
  /** Only those of a group add up; `null` stands alone. */
  group: string | null;
}

/**
 * Each line with those after it in its group below it: the first one is the highest. Lines of negative values hang from 0 in
 * the same way.
 */
export function stacked(layers: Layer[]): (number | null)[][] {
  const sums = new Map<string, number[]>();
  const upwards = [...layers].reverse().map(({ values, group }) => {
    if (group === null) return values;
    const key = `${isNegative(values) ? '-' : '+'}${group}`;
    const below = sums.get(key) ?? [];
    sums.set(key, below);
    return values.map((value, i) => {
      below[i] = (below[i] ?? 0) + (value ?? 0);
      return value === null ? null : below[i];
    });
  });
  return upwards.reverse();
}

/** Nothing above 0, and something below. */
function isNegative(values: (number | null)[]): boolean {
  return values.some((value) => value !== null && value < 0) && values.every((value) => value === null || value <= 0); // prettier-ignore
}

/** Each value as its part of all of its group at its time; nothing has no part of nothing. */
export function shares(layers: Layer[]): Layer[] {
  const totals = new Map<string, number[]>();
  for (const { values, group } of layers) {
    if (group === null) continue;
    const total = totals.get(group) ?? [];
    totals.set(group, total);
    values.forEach((value, i) => (total[i] = (total[i] ?? 0) + Math.abs(value ?? 0)));
  }
  return layers.map(({ values, group }) => ({
    group,
    values:
      group === null
        ? values
        : values.map((value, i) => (value === null ? null : Math.abs(value) / (totals.get(group)![i] || 1))),
  }));
}
