import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contradictions, publishedTables, sources } from '../src/tables/published.data.ts';
import { inTemporaryFolder } from './support.ts';

const { temporary, run } = inTemporaryFolder();
const figures = join(process.env['VITAMIN_SHARED'] ?? '', 'data', 'paper-figures.json');

/** Writes what a scored evaluation leaves. */
async function writeRun(folder: string, settings: object, metrics: object): Promise<void> {
  await mkdir(temporary(folder), { recursive: true });
  await writeFile(temporary(folder, 'run.json'), JSON.stringify({ settings }));
  await writeFile(temporary(folder, 'metrics.json'), JSON.stringify(metrics));
}

describe('published figures', () => {
  it('are whole: a cell for each column, and a source for each line', () => {
    for (const { columns, rows, source } of publishedTables) {
      expect(rows.every(({ cells }) => cells.length === columns.length)).toBe(true);
      expect(rows.every((row) => sources[row.source ?? source] !== undefined)).toBe(true);
    }
    const marks = publishedTables.flatMap(({ rows }) =>
      rows.flatMap(({ cells, marks: own = {} }) => Object.entries(own).map((mark) => [cells[0], ...mark])),
    );
    expect(marks).toEqual([
      ['ViTamin-B-LTT', 'imagenet', 2],
      ['ViTamin-XL', 'imagenet', 0],
      ['ViTamin-XL', 'avg38', 0],
      ['ViTamin-XL', 'macs_G', 1],
    ]);
    expect(contradictions).toHaveLength(3);
  });

  it.skipIf(!existsSync(figures))('are those that were carried over, all of them', async () => {
    const {
      note: _,
      sources: origins,
      published_contradictions: twice,
      ...tables
    } = JSON.parse(await readFile(figures, 'utf8')) as Record<string, unknown>;
    expect([sources, contradictions]).toEqual([origins, twice]);
    const leaves = (value: unknown): unknown[] =>
      typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : [value];
    const carried = publishedTables.flatMap(({ rows }) => rows.flatMap(({ cells }) => cells.filter((cell) => cell !== null)));
    expect(carried.map(String).toSorted()).toEqual(leaves(tables).map(String).toSorted());
  });
});

describe('vitamin tables', () => {
  it('prints every table with its origin, and marks what is published in two ways', async () => {
    const { status, stdout } = await run('tables');
    expect(status).toBe(0);
    for (const { title } of publishedTables) expect(stdout).toContain(title);
    expect(stdout).toMatch(/^ViTamin-B-LTT .* 70\.8 \[3\] .* vitamin$/mu);
    expect(stdout).toMatch(/^\[3\] published in two ways\. ViTamin-B-LTT: 70\.8 .*70\.72/mu);
    expect(stdout).toMatch(/^EVA ViT-L\/14 CLIPSelf proposals .* 44\.3 +- +clipself$/mu);
    expect(stdout).not.toContain('measured here\n');
  });

  it('puts what was measured beside them, a line for a model', async () => {
    await writeRun(
      'det',
      { task: 'detect', model: { identity: 'a' }, data: { split: { name: 'ov-coco' } } },
      { AP: 0.2, 'AP50 novel': 0.3754 },
    );
    await writeRun('lvis', { task: 'detect', model: { identity: 'a' }, data: { split: { name: 'ov-lvis' } } }, { AP: 0.2, APr: 0.351 });
    await writeRun(
      'ade',
      { task: 'segment', model: { identity: 'b' }, data: { dataset: 'ade20k-150' } },
      { PQ: 0.2731, mIoU: 0.356, AP: null },
    );
    await writeRun('suite', { task: 'suite', model: { identity: 'c' } }, { imagenet: 0.8081, avg38: null, vtab: 0.5 });
    await writeRun('mme', { task: 'answer', model: { identity: 'd' }, data: { benchmark: 'mme' } }, { perception: 1421.25 });
    await writeRun('world', { task: 'segment', model: { identity: 'b' }, data: { dataset: null } }, { PQ: 0.5 });
    const folders = ['det', 'lvis', 'ade', 'suite', 'mme', 'world'];
    const { status, stdout } = await run('tables', ...folders);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^det, lvis +- +37\.5 +35\.1 +measured here$/mu);
    expect(stdout).toMatch(/^ade +- +27\.3 +- +- +35\.6 +- .* measured here$/mu);
    expect(stdout).toMatch(/^suite .* 80\.8 +- +- +50\.0 +- +- +measured here$/mu);
    expect(stdout).toMatch(/^mme .* 1421\.25 .* measured here$/mu);
    expect(stdout).toContain('In no table: world (segment)  PQ 0.5000');
    const document = JSON.parse((await run('tables', ...folders, '--json', '--table', 'detection')).stdout) as {
      tables: { id: string; measured: object[] }[];
    };
    expect(document.tables).toMatchObject([
      {
        id: 'detection',
        measured: [
          {
            name: 'det, lvis',
            cells: { ovcoco_novel_ap50: expect.closeTo(37.54, 9) as number, ovlvis_apr: expect.closeTo(35.1, 9) as number },
          },
        ],
      },
    ]);
  });

  it('writes documents and pages', async () => {
    for (const name of ['t.md', 't.html', 't.json', 't.txt']) {
      const written = await run('tables', 'ade', '--table', 'segmentation', '-o', name, '-q');
      expect([written.status, written.stdout.trim().endsWith(name)]).toEqual([0, true]);
    }
    const markdown = await readFile('t.md', 'utf8');
    expect(markdown).toMatch(/^\| \*\*ade\*\* \|.*\*\*27\.3\*\*/mu);
    expect(markdown).toBe(`${(await run('tables', 'ade', '--table', 'segmentation', '--format', 'markdown')).stdout.trimEnd()}\n`);
    const page = await readFile('t.html', 'utf8');
    expect(page).toMatch(/<tr class="measured"><td>ade<\/td>/u);
    expect(page).not.toMatch(/<script|src=|href=/u);
    expect(JSON.parse(await readFile('t.json', 'utf8'))).toMatchObject({ schemaVersion: 1, tables: [{ id: 'segmentation' }] });
    expect(await readFile('t.txt', 'utf8')).toContain('measured here');
  });

  it('tells what is no evaluation, and no form', async () => {
    await mkdir(temporary('empty'));
    const empty = await run('tables', 'empty');
    expect([empty.status, empty.stderr]).toEqual([
      3,
      expect.stringContaining('Expected a scored evaluation in empty but found no metrics.json'),
    ]);
    await mkdir(temporary('torn'));
    await writeFile(temporary('torn', 'metrics.json'), '{"PQ": 0.');
    expect((await run('tables', 'torn')).stderr).toContain('Expected an object as JSON in torn/metrics.json');
    const form = await run('tables', '-o', 't.pdf');
    expect([form.status, form.stderr]).toEqual([2, expect.stringContaining('FILE.md, FILE.html')]);
  });
});
