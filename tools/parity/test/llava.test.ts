import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { describe, expect, it, vi } from 'vitest';
import { runGolden } from '../src/index.ts';

vi.setConfig({ testTimeout: 300_000 });

const folder = join(process.env['VITAMIN_SHARED'] ?? resolve(import.meta.dirname, '../../../../shared'), 'data/golden/llava');
const whyNot = existsSync(folder) ? '' : ' (skipped: no reference data, set VITAMIN_SHARED)';

describe.skipIf(whyNot !== '')(`golden files of LLaVA${whyNot}`, () => {
  it.each([
    ['prompts', 18_991],
    ['preprocess', 2261],
  ])('%s: all %i values agree', async (name, count) => {
    const { results, compared } = await runGolden(readFileSync(join(folder, `${name}.json`), 'utf8'));
    expect(results.filter(({ pass }) => !pass).map(({ field, at }) => `${field}: ${at}`)).toEqual([]);
    expect(compared).toBe(count);
  });
});
