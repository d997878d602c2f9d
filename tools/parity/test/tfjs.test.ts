import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import { parseExpectations, runParity } from '../src/index.ts';

// TensorFlow.js computes on one thread, its cpu backend in plain JavaScript: seconds on a free machine, minutes on a busy one.
vi.setConfig({ testTimeout: 900_000 });

const fileOf = (name: string): string => fileURLToPath(new URL(`../expectations/${name}.json`, import.meta.url));

/** What a file of expectations says, or of it the image tower alone. */
const expectations = (name: string, kind?: 'image'): ReturnType<typeof parseExpectations> =>
  parseExpectations(readFileSync(fileOf(name), 'utf8')).filter((expectation) => kind === undefined || expectation.kind === kind);

it.each([
  ['nano, both towers and sliding windows', 'tfjs-wasm', expectations('nano'), 46],
  ['the image tower of nano', 'tfjs-cpu', expectations('nano', 'image'), 19],
  ['the image tower of ViTamin-S', 'tfjs-wasm', expectations('small', 'image'), 20],
] as const)('%s agrees with the original program on %s, tap by tap', async (_, provider, expected, count) => {
  const results = await runParity(expected, { provider });
  expect(results.filter(({ pass }) => !pass)).toEqual([]);
  expect(results.length).toBe(count);
});

it('the command says what computes, and refuses what is not there before it writes anything', () => {
  const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
  const parity = (...args: string[]): [number | null, string] => {
    const { status, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
    return [status, stderr];
  };
  expect(parity('--device', 'tfjs-tensorflow', fileOf('nano'))).toEqual([
    2,
    expect.stringMatching(
      /^USAGE: Expected --device cpu or .*tfjs or .*but received tfjs-tensorflow\ntfjs-tensorflow: .* is not installed\.\n$/u,
    ),
  ]);
  const shown = parity('--device', 'tfjs', '--folder', 'absent', fileOf('nano'));
  expect(shown).toEqual([2, expect.stringMatching(/^device tfjs: computes on tfjs-wasm\nUSAGE: Expected a folder/u)]);
});
