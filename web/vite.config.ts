import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

/** The server that the development page talks to. */
const server = process.env.ANNOSCOPE_URL ?? 'http://127.0.0.1:8380';

/** Of the workbooks' library the way without a worker, for which it has no entry. */
const xlsxWithoutWorker = fileURLToPath(
  new URL('node_modules/write-excel-file/modules/export/writeXlsxFileUniversal.js', import.meta.url),
);

export default defineConfig(({ mode }) => ({
  base: '/analytics/',
  plugins: [svelte()],
  build: {
    target: 'es2022',
    // A polyfill that every browser of the target has natively.
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/analytics/api': server, '/api': server } },
  preview: { proxy: { '/analytics/api': server, '/api': server } },
  // Components are compiled for the browser in tests, too.
  resolve: {
    alias: { 'write-excel-file/sync': xlsxWithoutWorker },
    ...(mode === 'test' ? { conditions: ['browser'] } : {}),
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
}));
