import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { describe, expect, it, vi } from 'vitest';
import { runGolden, runGoldenFolder } from '../src/index.ts';

vi.setConfig({ testTimeout: 300_000 });

const folder = join(process.env['VITAMIN_SHARED'] ?? resolve(import.meta.dirname, '../../../../shared'), 'data/golden/llava');
const whyNot = existsSync(folder) ? '' : ' (skipped: no reference data, set VITAMIN_SHARED)';

describe.skipIf(whyNot !== '')(`golden files of LLaVA${whyNot}`, () => {
  it.each([
    ['prompts', 18_991, undefined],
    ['preprocess', 2261, undefined],
    ['llava_nano', 5265, /\.clipTower|^tower\.clipNano/u],
  ])('%s: %i values agree', async (name, count, notYet) => {
    const { results, compared } = await runGolden(readFileSync(join(folder, `${name}.json`), 'utf8'));
    const failures = results.filter(({ pass, field }) => !pass && !notYet?.test(field));
    expect(failures.map(({ field, at }) => `${field}: ${at}`)).toEqual([]);
    expect(compared).toBeGreaterThanOrEqual(count);
  });

  it('payloads: every byte', async () => {
    const { results, compared } = await runGoldenFolder(join(folder, 'payloads'));
    expect(results.filter(({ pass }) => !pass).map(({ field, at }) => `${field}: ${at}`)).toEqual([]);
    expect(compared).toBe(322);
  });
});
