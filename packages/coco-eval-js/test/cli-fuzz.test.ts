import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { main } from '../src/cli/main.ts';
import { random } from './shared.ts';
import { synthetic } from './synthetic.ts';

let folder = '';
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'coco-eval-fuzz-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const strange: readonly unknown[] = [
  null,
  -1,
  1.5,
  1e308,
  2 ** 53,
  'x',
  '',
  [],
  {},
  [[]],
  [1, 2, 3, 4],
  true,
  '__proto__',
  { size: [1e9, 1e9], counts: 'a' },
];

/** Replaces, deletes or doubles a few values anywhere in a JSON value. */
function damaged(value: unknown, next: () => number): unknown {
  const copy: unknown = structuredClone(value);
  const pick = (n: number): number => Math.floor(next() * n);
  for (let changes = 1 + pick(3); changes > 0; changes--) {
    let node: unknown = copy;
    for (let depth = pick(5); typeof node === 'object' && node !== null; depth--) {
      const parent = node as Record<string, unknown>;
      const keys = Object.keys(parent);
      if (keys.length === 0) break;
      const key = keys[pick(keys.length)]!;
      node = parent[key];
      if (depth > 0 && typeof node === 'object' && node !== null) continue;
      const kind = pick(3);
      if (kind === 0) delete parent[key];
      else if (kind === 1 && Array.isArray(parent)) parent.push(structuredClone(node));
      else parent[key] = structuredClone(strange[pick(strange.length)]);
      break;
    }
  }
  return copy;
}

const kinds = [
  ['--tide', '--confusion', '--per-class'],
  ['--iou-type', 'segm', '--json', '--confusion'],
  ['--lvis', '--json', '--tide'],
  ['--no-cats', '--mode', 'fixed'],
  ['--report', 'pages', '--force'],
];

it.each([1, 2, 3, 4])('damaged files end in a result or in one clear error, never in a crash (seed %i)', async (seed) => {
  const next = random(seed);
  const { dataset, results } = synthetic(seed, 'bbox', 4);
  for (let round = 0; round < 40; round++) {
    const which = Math.floor(next() * 3);
    const files = [join(folder, 'gt.json'), join(folder, 'dt.json')];
    writeFileSync(files[0]!, JSON.stringify(which === 1 ? dataset : damaged(dataset, next)));
    writeFileSync(files[1]!, JSON.stringify(which === 0 ? results : damaged(results, next)));
    const args = kinds[round % kinds.length]!.map((arg) => (arg === 'pages' ? join(folder, 'pages') : arg));
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const status = await main([...files, ...args], { stdout, stderr, version: '' });
    const message = String(stderr.read() ?? '');
    if (status !== 0) expect(status).toBe(3);
    if (status === 3) expect(message).toMatch(/^coco-eval: error [A-Z_]+: Expected .*\n.+\n$/);
  }
});
