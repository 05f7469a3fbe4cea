import { expect, test } from 'vitest';
import { PANEL_TYPES } from './dashboard';
import { panelNotices } from './notices';
import { optionOf, typeOptions, withOption } from './typeOptions';

const all = PANEL_TYPES.flatMap((type) => typeOptions(type).map((option) => ({ type, option })));

test.each(all)('$type: $option.label', ({ type, option }) => {
  const panel = { id: 3, type, options: { other: 1 }, fieldConfig: { defaults: { unit: 'h' }, overrides: [] } }; // prettier-ignore
  const values = option.kind === 'choice' ? option.choices.map(([value]) => value) : option.kind === 'switch' ? [true, false] : [5]; // prettier-ignore
  for (const value of values) {
    const changed = withOption(panel, option, value);
    expect(optionOf(changed, option)).toBe(value);
    expect(changed).toMatchObject(panel);
    // Nothing is offered that is not drawn.
    expect(panelNotices(changed, type)).toEqual([]);
  }
  expect(withOption(withOption(panel, option, values[0]), option, undefined)).toMatchObject(panel);
});

test('what the file does not say is what holds', () => {
  const [option] = typeOptions('histogram');
  expect(optionOf({}, option!)).toBe('');
  expect(optionOf({ options: { bucketSize: 10 } }, option!)).toBe(10);
  expect(typeOptions('text')).toEqual([]);
});
