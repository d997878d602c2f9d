import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type ParityResult, parseExpectations, runParity } from '../src/index.ts';

// Seconds on a free machine; it writes and runs 250 MB of weights, which a busy one takes its time for.
vi.setConfig({ testTimeout: 300_000 });

const fileOf = (name: string): string => fileURLToPath(new URL(`../expectations/${name}.json`, import.meta.url));
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parity-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs the command as npm does and gives its exit code and output. */
async function parity(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
  const child = spawn(process.execPath, [main, '--folder', folder, ...args], { env: { ...process.env, INIT_CWD: folder } });
  const [out, err] = [child.stdout, child.stderr].map(async (stream) => Buffer.concat(await stream.toArray()).toString());
  const [code] = (await once(child, 'close')) as [number];
  return { code, out: await out!, err: await err! };
}

const failures = (results: readonly ParityResult[]): string[] =>
  results.filter(({ pass }) => !pass).map((result) => JSON.stringify(result));

it('every file of expectations has the format', async () => {
  for (const name of await readdir(new URL('../expectations/', import.meta.url))) {
    expect(parseExpectations(readFileSync(fileOf(name.replace('.json', '')), 'utf8')).length).toBeGreaterThan(0);
  }
});

it('ViTamin-S agrees with the original program, tap by tap', async () => {
  const results = await runParity(parseExpectations(readFileSync(fileOf('small'), 'utf8')), { folder });
  expect(failures(results)).toEqual([]);
  expect(results.length).toBe(22);
});

describe('the command', () => {
  it('prints one line per tensor: the nano model agrees, with sliding windows, text and positions', async () => {
    const { code, out, err } = await parity(fileOf('nano'));
    const lines = out.trimEnd().split('\n');
    expect(lines.filter((line) => !/^ok {4}\S.* error \d\.\de[-+]\d+ of [13]e-4, \S/.test(line))).toEqual([]);
    expect(lines.length).toBe(46);
    expect(code).toBe(0);
    expect(err).toMatch(/^nano: 14 MB of formula weights, torch\ntext-\S+: 14 MB of formula weights, safetensors\n46 tensors, 0 failed/);
    expect(await readdir(folder)).toEqual([]);
  });

  it('fails with the tensors that differ, takes heads that no checkpoint can state, and any sizes of text towers', async () => {
    const text = { width: 96, heads: 3, layers: 1, embedDim: 20, ids: [[49_406, 7, 49_407]] };
    const file = {
      image: { nano: { embedding: { meanAbs: 0.888693854, samples: { 0: -0.19911487, 1: 0.4698 } }, normalized: { shape: [1, 48] } } },
      text: [{ ...text, features: { shape: [1, 20] }, 'blocks.0': { shape: [1, 77, 96] } }],
      sliding: [{ model: 'nano', height: 64, width: 80, window: 64, stride: 16, os8: { shape: [1, 32, 8, 8] } }],
    };
    await writeFile(join(folder, 'wrong.json'), JSON.stringify(file));
    const { code, out } = await parity('wrong.json', '--format', 'safetensors');
    await rm(join(folder, 'wrong.json'));
    expect(code).toBe(1);
    expect(out).toMatch(/^FAIL {2}image nano {2}embedding +error 1\.5e-4 of 1e-4, sample 1$/m);
    expect(out).toMatch(/^ok {4}image nano {2}normalized/m);
    expect(out).toMatch(/^FAIL {2}sliding nano 64x80 .*os8 +shape \[1, 32, 8, 10\] instead of \[1, 32, 8, 8\]$/m);
    expect(out.match(/^ok {4}text width 96 heads 3/gm)?.length).toBe(2);
  });

  it('says what is wrong and exits with 2', async () => {
    const calls: [string[], RegExp][] = [
      [['absent.json'], /^INPUT_NOT_FOUND: Expected a readable file at .*absent\.json but found none/],
      [[fileURLToPath(new URL('../package.json', import.meta.url))], /^USAGE: package\.json: Expected only the sections/],
      [['--threads', '0'], /Expected a positive whole number/],
      [
        [fileOf('nano'), '--folder', join(folder, 'absent')],
        /^USAGE: Expected a folder that can be written at .*absent but received ENOENT/,
      ],
      [['--cnof'], /unknown option '--cnof'/],
    ];
    await Promise.all(
      calls.map(async ([args, message]) => {
        const { code, out, err } = await parity(...args);
        expect(err).toMatch(message);
        expect([code, out]).toEqual([2, '']);
      }),
    );
  });
});
