import { defineConfig } from 'vitest/config';

export default defineConfig({
  logLevel: 'warn',
  build: {
    target: 'es2022',
    minify: 'oxc',
    lib: { entry: 'src/index.ts', formats: ['es'], fileName: 'index' },
    rolldownOptions: { output: { minify: true } },
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node', testTimeout: 30_000 },
});
