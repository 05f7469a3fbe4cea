/** What a filter's list shows for what was typed, and what its button says. */
import { ALL, type Option, type Variable } from './variable';

/** Options whose text or value has it; beginnings first, each group as it came. */
export function matching(options: Option[], typed: string): Option[] {
  const words = typed.trim().toLowerCase();
  if (words === '') return options;
  const beginnings: Option[] = [];
  const others: Option[] = [];
  for (const option of options) {
    const text = option.text.toLowerCase();
    if (text.startsWith(words) || option.value.toLowerCase() === words) beginnings.push(option);
    else if (text.includes(words)) others.push(option);
  }
  return [...beginnings, ...others];
}

/** Chosen first, as they were when the list was opened: nothing jumps below the pointer. */
export function chosenFirst(options: Option[], chosen: string[]): Option[] {
  const set = new Set(chosen);
  if (set.size === 0 || set.has(ALL)) return options;
  const known = new Set(options.map(({ value }) => value));
  const unknown = chosen.filter((value) => !known.has(value)).map((value) => ({ value, text: value }));
  return [
    ...unknown,
    ...options.filter(({ value }) => set.has(value)),
    ...options.filter(({ value }) => !set.has(value)),
  ];
}

/** `Lena, Omar`, or where that is more than `most`, `Lena and 3 more`; empty for all of them. */
export function summary(variable: Variable, chosen: string[], options: Option[], most = 2): string {
  if (chosen[0] === ALL) return '';
  const texts = chosen.map((value) => options.find((option) => option.value === value)?.text ?? value);
  if (texts.length === 0) return variable.isMulti ? 'none' : '';
  return texts.length <= most ? texts.join(', ') : `${texts[0]} and ${texts.length - 1} more`;
}
