/** What the server finds wrong with its place, with itself and with what comes in. */
import type { Described, With } from '../api/described';

export type Level = 'fine' | 'warning' | 'failure';

export type Finding = With<Described['Finding'], { level: Level }>;

export type Diagnosis = With<Described['Diagnosis'], { level: Level; findings: Finding[] }>;

/** What has to be looked at, the worst first, and what is as it should be. */
export function divided({ findings }: Diagnosis): { wrong: Finding[]; fine: Finding[] } {
  return {
    wrong: findings.filter(({ level }) => level !== 'fine'),
    fine: findings.filter(({ level }) => level === 'fine'),
  };
}
