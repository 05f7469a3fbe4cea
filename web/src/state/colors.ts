/** Which colours the series of a dashboard had, kept in the browser. */
import type { ColorMemory } from '../lib/format/colors';
import { store, stored } from './preferences.svelte';

export function colorsOf(uid: string): ColorMemory {
  const key = `colors.${uid}`;
  return { read: () => stored<Record<string, number>>(key, {}), write: (slots) => store(key, slots) };
}
