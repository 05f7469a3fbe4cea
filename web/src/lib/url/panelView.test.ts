import { expect, test } from 'vitest';
import { NO_FILTER } from '../table/view';
import { parsePanelViews, WHOLE, writePanelViews, type PanelView } from './panelView';

const written = (views: Parameters<typeof writePanelViews>[0]) => {
  const params = new URLSearchParams();
  writePanelViews(views, params);
  return params.toString();
};

test.each<[string, Record<number, PanelView>]>([
  ['', {}],
  ['find.2=a+b', { 2: { ...WHOLE, search: 'a b' } }],
  ['hide.2=obj_val&hide.2=a.b', { 2: { ...WHOLE, hidden: ['obj_val', 'a.b'] } }],
  ['only.2=Lena+%235', { 2: { ...WHOLE, only: 'Lena #5' } }],
  [
    'filter.2.user_name=contains.le.na',
    { 2: { ...WHOLE, filters: { user_name: { ...NO_FILTER, operand: 'le.na' } } } },
  ],
  [
    'value.2.scope=&value.2.scope=draw%3Aobject&filter.2.scope=ne.a',
    { 2: { ...WHOLE, filters: { scope: { values: ['', 'draw:object'], operator: '≠', operand: 'a' } } } },
  ],
  ['filter.2.a.b=empty', { 2: { ...WHOLE, filters: { 'a.b': { ...NO_FILTER, operator: 'empty' } } } }],
  ['filter.2.a=notempty', { 2: { ...WHOLE, filters: { a: { ...NO_FILTER, operator: 'not empty' } } } }],
  ['filter.2.a=gt.5', { 2: { ...WHOLE, filters: { a: { ...NO_FILTER, operator: '>', operand: '5' } } } }],
  // An operator that was chosen first.
  ['filter.2.a=lt', { 2: { ...WHOLE, filters: { a: { ...NO_FILTER, operator: '<' } } } }],
  ['find.2=x&find.14=y', { 2: { ...WHOLE, search: 'x' }, 14: { ...WHOLE, search: 'y' } }],
])('%s is a view and back', (search, views) => {
  expect(parsePanelViews(new URLSearchParams(search))).toEqual(views);
  expect(written(views)).toBe(search);
});

test.each(['find.x=a', 'filter.2=a', 'hidden.2=a', 'value.2=a', 'filter.2.a=resembles.b'])(
  '%s says nothing',
  (search) => {
    const views = parsePanelViews(new URLSearchParams(search));
    expect(written(views)).toBe('');
  },
);
