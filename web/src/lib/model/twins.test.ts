import { expect, test } from 'vitest';
import { twinMarks } from './twins';

test('those of the same title are told apart', () => {
  const entries = [
    { uid: 'management', title: 'Management', builtin: true },
    { uid: 'a7', title: 'management ', builtin: false },
    { uid: 'other', title: 'Other', builtin: false },
  ];
  expect([...twinMarks(entries)]).toEqual([['management', 'built in'], ['a7', 'a7']]); // prettier-ignore
});
