import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

/** Comes with vitest through vite; the test is for who has it. */
function findBundler(): string | undefined {
  try {
    return createRequire(createRequire(import.meta.url).resolve('vitest')).resolve('rolldown');
  } catch {
    return undefined;
  }
}

interface Bundler {
  readonly build: (options: object) => Promise<unknown>;
}

const bundler = findBundler();
const modules = fileURLToPath(new URL('../../../node_modules', import.meta.url));
const program = `
import { Backbone } from '@vitamin-vlm/backbone';
const model = process.argv[2];
const backbone = await Backbone.load(model, { cacheDir: process.argv[3] }).catch((error) => error);
if (backbone instanceof Error) console.log(backbone.code, backbone.hint);
else {
  const answer = await backbone.embedTexts(['a cat']).catch((error) => error);
  console.log(answer instanceof Error ? answer.code + ' ' + answer.hint : 'embedded');
  await backbone.close();
}
`;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vitamin-bundle-'));
  await mkdir(join(folder, 'src'));
  await writeFile(join(folder, 'src', 'program.mjs'), program);
  await symlink(modules, join(folder, 'node_modules'));
});
afterAll(() => rm(folder, { recursive: true }));

async function bundleAndRun(external: (string | RegExp)[], model: string): Promise<string> {
  const { build } = (await import(pathToFileURL(bundler!).href)) as Bundler;
  const file = join(folder, 'bundle.mjs');
  await build({
    input: join(folder, 'src', 'program.mjs'),
    external,
    platform: 'node',
    logLevel: 'silent',
    output: { file, format: 'esm', codeSplitting: false },
  });
  const { stdout } = await promisify(execFile)(process.execPath, [file, model, join(folder, 'cache')], { cwd: folder });
  return stdout;
}

const natives = ['onnxruntime-node', 'sharp', '@napi-rs/canvas'];

it.skipIf(!bundler)('works in a bundle that leaves the packages out', { timeout: 60_000 }, async () => {
  expect(await bundleAndRun([/^@vitamin-vlm\//u, ...natives], 'nano')).toBe('embedded\n');
});

it.skipIf(!bundler)('says in a bundle that swallowed the packages what to leave out', { timeout: 60_000 }, async () => {
  expect(await bundleAndRun(natives, 'nano')).toMatch(/^(?:WEIGHTS_MISSING|RUNTIME) If the program was bundled/u);
  expect(await bundleAndRun(natives, join(modules, '../models/nano'))).toMatch(/^RUNTIME If the program was bundled/u);
});
