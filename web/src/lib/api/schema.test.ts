import { readFile } from 'node:fs/promises';
import openapiTS, { astToString, COMMENT_HEADER } from 'openapi-typescript';
import { expect, test } from 'vitest';

/** `npm run schema` writes the types anew; openapi.json is kept true by a test of the server. */
test('the types are those of the description', { timeout: 60_000 }, async () => {
  const description = JSON.parse(await readFile('openapi.json', 'utf8')) as Record<string, unknown>;
  // Requests are made by path as text, so the types of bodies and answers are enough.
  const { paths: _, ...described } = description;
  const types = await openapiTS(JSON.stringify(described));
  await expect(COMMENT_HEADER + astToString(types)).toMatchFileSnapshot('schema.ts');
});
