/** Lines on top of each other, for areas that add up: the first one is the highest. */
export function stacked(values: (number | null)[][]): (number | null)[][] {
  const sums: number[] = [];
  const upwards = [...values].reverse().map((line) =>
    line.map((value, i) => {
      sums[i] = (sums[i] ?? 0) + (value ?? 0);
      return value === null ? null : sums[i];
    }),
  );
  return upwards.reverse();
}
