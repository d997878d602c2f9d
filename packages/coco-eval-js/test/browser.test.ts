import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'vite';
import { describe, expect, it } from 'vitest';
import { evaluate } from '../src/coco/evaluate.ts';
import { synthetic } from './synthetic.ts';

const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path));

/** The core entry as one file. An import of anything outside the package stays visible in it. */
async function bundle(): Promise<string> {
  const output = await build({
    root: resolve(import.meta.dirname, '..'),
    configFile: false,
    logLevel: 'silent',
    build: {
      write: false,
      minify: false,
      target: 'es2022',
      lib: { entry: 'src/index.ts', formats: ['es'] },
      rollupOptions: { external: /^node:/ },
    },
  });
  const results = Array.isArray(output) ? output : [output];
  const chunks = results.flatMap((result) => ('output' in result ? result.output : []));
  const [first, ...others] = chunks.filter((chunk) => chunk.type === 'chunk');
  expect(others).toEqual([]);
  return first!.code;
}

describe('browser', () => {
  it('the core entry bundles without any import, and uses nothing of Node', async () => {
    const code = await bundle();
    expect(code).not.toMatch(/^\s*import\b/m);
    expect(code).not.toMatch(/\bimport\(|\brequire\(|\bprocess\.|\bBuffer\.|node:/);
    const { dataset, results } = synthetic(31, 'segm', 6);
    const url = `data:text/javascript;base64,${Buffer.from(code).toString('base64')}`;
    const bundled = (await import(/* @vite-ignore */ url)) as { evaluate: typeof evaluate };
    expect(JSON.stringify(bundled.evaluate(dataset, results, { iouType: 'segm' }))).toBe(
      JSON.stringify(evaluate(dataset, results, { iouType: 'segm' })),
    );
  });

  it.skipIf(chromium === undefined)(
    `gives the same numbers in headless Chromium${chromium === undefined ? ' (skipped: not installed)' : ''}`,
    async () => {
      const { dataset, results } = synthetic(32, 'segm', 6);
      const folder = await mkdtemp(join(tmpdir(), 'coco-eval-'));
      try {
        const page = join(folder, 'page.html');
        const data = JSON.stringify([dataset, results]);
        const body = `const [dataset, results] = ${data};\ndocument.body.textContent = JSON.stringify(evaluate(dataset, results, { iouType: 'segm' }).stats);`;
        const script = `${await bundle()}\n${body}`.replaceAll('</script', '<\\/script');
        await writeFile(page, `<!doctype html><meta charset="utf-8"><body><script type="module">${script}</script></body>`);
        const flags = [
          '--headless',
          '--no-sandbox',
          '--disable-gpu',
          '--virtual-time-budget=20000',
          '--dump-dom',
          pathToFileURL(page).href,
        ];
        const { stdout } = await promisify(execFile)(chromium!, flags, { maxBuffer: 2 ** 26 });
        expect(stdout).toContain(JSON.stringify(evaluate(dataset, results, { iouType: 'segm' }).stats));
      } finally {
        await rm(folder, { recursive: true });
      }
    },
  );
});
