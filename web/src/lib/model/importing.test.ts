import { expect, test } from 'vitest';
import { imported } from './importing';

test.each([
  ['{\n "title": x}', /not valid JSON.*line 2/s],
  ['[]', /JSON object/],
  ['{"panels": []}', /no title/],
])('%j is refused', (text, message) => {
  const result = imported(text);
  expect(result.isFine ? '' : result.message).toMatch(message);
});

test('what is unknown is named and kept', () => {
  const file = { title: 'T', panels: [{ id: 1, type: 'geomap', title: 'H', odd: 1 }] };
  const result = imported(JSON.stringify({ dashboard: file }));
  expect(result).toEqual({ isFine: true, dashboard: file, notices: ['H: Panels of the type geomap are not shown here. The file keeps this one as it is.'] }); // prettier-ignore
});
