import { defineConfig } from 'vite';

/** The page: one script, one style sheet, a few scenes to begin with, and no request to anywhere else. */
export default defineConfig({
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: { outDir: '../dist/page', emptyOutDir: true, assetsInlineLimit: 0, reportCompressedSize: false },
});
