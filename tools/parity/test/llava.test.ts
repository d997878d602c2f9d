import { existsSync, readFileSync } from 'node:fs';
import { chmod, cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { describe, expect, it, vi } from 'vitest';
import { runGolden, runGoldenFolder } from '../src/index.ts';

vi.setConfig({ testTimeout: 300_000 });

const folder = join(process.env['VITAMIN_SHARED'] ?? resolve(import.meta.dirname, '../../../../shared'), 'data/golden/llava');
const whyNot = existsSync(folder) ? '' : ' (skipped: no reference data, set VITAMIN_SHARED)';

describe.skipIf(whyNot !== '')(`golden files of LLaVA${whyNot}`, () => {
  it.each([
    ['prompts', 18_991],
    ['preprocess', 2261],
    ['llava_nano', 5406],
  ])('%s: %i values agree', async (name, count) => {
    const { results, compared } = await runGolden(readFileSync(join(folder, `${name}.json`), 'utf8'));
    const failures = results.filter(({ pass }) => !pass);
    expect(failures.map(({ field, at }) => `${field}: ${at}`)).toEqual([]);
    expect(compared).toBeGreaterThanOrEqual(count);
  });

  it('payloads: every byte', async () => {
    const { results, compared } = await runGoldenFolder(join(folder, 'payloads'));
    expect(results.filter(({ pass }) => !pass).map(({ field, at }) => `${field}: ${at}`)).toEqual([]);
    expect(compared).toBe(322);
  });

  it('the 12 benchmarks: every score, every converted file', async () => {
    const { results, compared } = await runGoldenFolder(join(folder, 'scorers'));
    expect(results.filter(({ pass }) => !pass).map(({ field, at }) => `${field}: ${at}`)).toEqual([]);
    expect(compared).toBe(5369);
  });

  it('the benchmarks: a changed answer, a changed score and a file that nobody reads are noticed', async () => {
    const copy = await mkdtemp(join(tmpdir(), 'scorers-'));
    try {
      await cp(join(folder, 'scorers'), copy, { recursive: true });
      for (const path of ['pope/answers.jsonl', 'mme/expected_stdout.txt']) await chmod(join(copy, path), 0o600);
      await chmod(copy, 0o700);
      const [answers, score] = [join(copy, 'pope/answers.jsonl'), join(copy, 'mme/expected_stdout.txt')];
      await writeFile(answers, readFileSync(answers, 'utf8').replace('"text": "No"', '"text": "Yes"'));
      await writeFile(score, readFileSync(score, 'utf8').replace('150.0', '150.5'));
      await writeFile(join(copy, 'new.jsonl'), '{}');
      const { results } = await runGoldenFolder(copy);
      const failed = results.filter(({ pass }) => !pass).map(({ field }) => field);
      for (const field of [
        'files_sha256.json.pope/answers.jsonl',
        'pope/expected.json.adversarial',
        'mme/expected_stdout.txt',
        'new.jsonl',
      ])
        expect(failed).toContain(field);
    } finally {
      await rm(copy, { recursive: true, force: true });
    }
  });
});
