import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { describe, expect, it, vi } from 'vitest';
import { Golden, type GoldenResult, runGolden } from '../src/index.ts';

vi.setConfig({ testTimeout: 900_000 });

const heads = join(process.env['VITAMIN_SHARED'] ?? resolve(import.meta.dirname, '../../../../shared'), 'data/golden/heads');
const whyNot = existsSync(heads) ? '' : ' (skipped: no reference data, set VITAMIN_SHARED)';

const failures = (results: readonly GoldenResult[]): string[] =>
  results.filter(({ pass }) => !pass).map(({ field, at, error }) => `${field}: ${at}, ${error}`);

describe.skipIf(whyNot !== '')(`golden files of the original programs${whyNot}`, () => {
  it.each([
    ['fcclip_full_width', 17_287],
    ['fcclip_nano', 4_161],
    ['fvit_full_width', 1285],
    ['fvit_nano', 3654],
    ['fvit_vectors', 2193],
  ])('%s: all %i values agree', async (name, count) => {
    const { results, compared } = await runGolden(readFileSync(join(heads, `${name}.json`), 'utf8'));
    expect(failures(results)).toEqual([]);
    expect(compared).toBe(count);
  });
});

const plugins = join(heads, '../plugins');
const whyNotPlugins = existsSync(plugins) ? '' : ' (skipped: no reference data, set VITAMIN_SHARED)';

describe.skipIf(whyNotPlugins !== '')(`golden files of other towers${whyNotPlugins}`, () => {
  it.each([
    ['fvit_eva_nano', 6814],
    ['fvit_eva_train', 1468],
    ['fcclip_convnext_nano', 3775],
  ])('%s: all %i values agree', async (name, count) => {
    const { results, compared } = await runGolden(readFileSync(join(plugins, `${name}.json`), 'utf8'));
    expect(failures(results)).toEqual([]);
    expect(compared).toBe(count);
  });

  it('towers: every tiny one, names, resize and preparation agree', async () => {
    const file = JSON.parse(readFileSync(join(plugins, 'towers.json'), 'utf8')) as Record<string, unknown>;
    // The published sizes take minutes and gigabytes: `npm run parity`.
    const kept = Object.entries(file).filter(([name]) =>
      /nano|^format$|^seedSuffix$|^nameMaps$|^positionResize$|^preprocessing/u.test(name),
    );
    const { results, compared } = await runGolden(JSON.stringify(Object.fromEntries(kept)));
    expect(failures(results)).toEqual([]);
    expect(compared).toBeGreaterThan(10_000);
  });
});

/** A golden file with the results of its comparisons. */
function opened(file: object): { golden: Golden; results: GoldenResult[] } {
  const results: GoldenResult[] = [];
  return { golden: Golden.parse(JSON.stringify(file), (result) => results.push(result)), results };
}

const digest = { shape: [2], mean: 2, meanAbs: 2, samples: { 0: 1, 1: 3 }, sinSum: 3 * Math.sin(1) };

it('counts what was compared and names what was not, names with dots included', () => {
  const { golden, results } = opened({ 'a.b': { x: [1, 2], y: 'z' }, c: digest, d: [{ e: 1 }, { e: 2 }], f: digest });
  golden.at('a.b', 'x').numbers([1, 2]);
  golden.at('c').tensor({ shape: [2], data: [1, 3] });
  golden.at('d', 1).take();
  expect(golden.unchecked()).toEqual(['a.b.y', 'd.0.e', 'f']);
  expect(golden.compared).toBe(2 + 6);
  expect(results.every(({ pass }) => pass)).toBe(true);
});

it('a member that a digest has beside the known ones stays unchecked', () => {
  const { golden } = opened({ c: { ...digest, median: 2 } });
  golden.at('c').tensor({ shape: [2], data: [1, 3] });
  expect(golden.unchecked()).toEqual(['c.median']);
});

it('fails on a wrong shape, one wrong value, another order, NaN, and a wrong count', () => {
  const wrong: [string, (golden: Golden) => void][] = [
    ['shape', (golden) => golden.at('c').tensor({ shape: [1, 2], data: [1, 3] })],
    ['value', (golden) => golden.at('c').tensor({ shape: [2], data: [1, 3.001] })],
    ['order', (golden) => golden.at('c').tensor({ shape: [2], data: [3, 1] })],
    ['NaN', (golden) => golden.at('c').tensor({ shape: [2], data: [1, Number.NaN] })],
    ['list', (golden) => golden.at('n').numbers([1])],
    ['number', (golden) => golden.at('n').numbers([1, 2.001])],
    ['text', (golden) => golden.at('t').equal('other')],
    ['counts', (golden) => golden.at('n').equal(new Uint8Array([1, 3]))],
  ];
  for (const [name, check] of wrong) {
    const { golden, results } = opened({ c: digest, n: [1, 2], t: 'text' });
    check(golden);
    expect([name, results.length, results[0]?.pass]).toEqual([name, 1, false]);
  }
});

it('allows ten times what the original program loses in float32', () => {
  const { golden, results } = opened({ c: { ...digest, f32MaxAbsDiff: 1e-3 } });
  golden.at('c').tensor({ shape: [2], data: [1.009, 3] });
  golden.at('c').tensor({ shape: [2], data: [1.011, 3] });
  expect(results.map(({ pass }) => pass)).toEqual([true, false]);
});

it('refuses files of no known format', async () => {
  await expect(runGolden('{"format":"other"}')).rejects.toThrow(/Expected a golden file of format .*fvit-nano.* but found "other"/u);
  await expect(runGolden('[]')).rejects.toThrow(/Expected a golden file with a JSON object/u);
});

it('a file whose members are missing fails, and lists what is left', async () => {
  const { results } = await runGolden('{"format":"fvit-vectors","nms":{"boxes":[[0,0,1,1]]}}');
  expect(failures(results)).toEqual([
    ': USAGE: Expected a member roiAlign in the golden file but found none, Infinity',
    'nms.boxes: not checked, Infinity',
  ]);
});
