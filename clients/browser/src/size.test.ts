import { readFileSync } from 'node:fs';
import { brotliCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';

test('the built file is below 5 kB, compressed', () => {
  const built = readFileSync(new URL('../dist/index.js', import.meta.url));
  expect(brotliCompressSync(built).length).toBeLessThan(5000);
});
