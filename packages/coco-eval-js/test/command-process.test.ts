import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failure } from '../src/cli/failure.ts';
import { table } from '../src/cli/table.ts';
import { CocoEvalError } from '../src/errors.ts';
import { readWhole } from '../src/node/read-file.ts';
import { synthetic } from './synthetic.ts';

const root = resolve(import.meta.dirname, '..');
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'coco-eval-process-'));
  const { dataset, results } = synthetic(3, 'bbox', 3);
  writeFileSync(join(folder, 'gt.json'), JSON.stringify(dataset));
  writeFileSync(join(folder, 'dt.json'), JSON.stringify(results));
  writeFileSync(join(folder, 'dt.json.gz'), gzipSync(JSON.stringify(results)));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a line of shell in the folder; `$EVAL` is the built command. */
function shell(line: string): { status: number | null; out: string; err: string } {
  const command = `"${process.execPath}" "${join(root, 'bin/coco-eval.js')}"`;
  const { status, stdout, stderr } = spawnSync('bash', ['-c', line.replaceAll('$EVAL', command)], { cwd: folder, encoding: 'utf8' });
  return { status, out: stdout, err: stderr };
}
const canRun = existsSync(join(root, 'dist/cli/bin.js')) && existsSync('/dev/full');

describe.skipIf(!canRun)('the command as a process', () => {
  it('says so when the result cannot be written', () => {
    const { status, err } = shell('$EVAL gt.json dt.json > /dev/full');
    expect(err).toMatch(/^coco-eval: error OUTPUT_UNWRITABLE: Expected to write the result but failed: .*\n.+\n$/);
    expect(status).toBe(3);
  });

  it('keeps its exit status when nobody can read the message', () => {
    expect(shell('$EVAL gt.json none.json 2> /dev/full').status).toBe(3);
    expect(shell('$EVAL gt.json dt.json --json | head -1; exit ${PIPESTATUS[0]}')).toEqual({ status: 0, out: '{\n', err: '' });
  });

  it('gives a part through a pipe', () => {
    const parts = [1, 2].map((i) => `<($EVAL gt.json dt.json --shard ${i}/2)`).join(' ');
    expect(shell(`$EVAL merge ${parts}`)).toEqual(shell('$EVAL gt.json dt.json'));
  });

  it('reads pipes, packed or not', () => {
    const plain = shell('$EVAL gt.json dt.json').out;
    expect(plain).toContain('Average Precision');
    for (const name of ['dt.json', 'dt.json.gz']) {
      expect(shell(`$EVAL gt.json <(cat ${name})`)).toEqual({ status: 0, out: plain, err: '' });
      expect(shell(`cat ${name} | $EVAL <(cat gt.json) /dev/stdin`)).toEqual({ status: 0, out: plain, err: '' });
    }
    for (const name of ['dt.json', 'dt.json.gz']) expect(shell(`$EVAL gt.json - < ${name}`)).toEqual({ status: 0, out: plain, err: '' });
    expect(shell('cat gt.json | $EVAL - dt.json').out).toBe(plain);
    expect(shell('$EVAL - - < dt.json').err).toMatch(/Expected standard input once/);
    expect(shell('$EVAL gt.json <(head -c 1 dt.json; sleep 0.2; tail -c +2 dt.json)').out).toBe(plain);
  });
});

describe('failure', () => {
  it('has a code, advice and one status for each kind', () => {
    expect(failure(new CocoEvalError('USAGE', 'Expected x'))).toEqual({
      text: 'coco-eval: error USAGE: Expected x\nRun coco-eval --help for the list of flags.\n',
      status: 2,
    });
    expect(failure(new CocoEvalError('BAD_MASK', 'Expected x', { hint: 'Do y.' })).text).toBe(
      'coco-eval: error BAD_MASK: Expected x\nDo y.\n',
    );
    expect(failure(new CocoEvalError('BAD_INPUT', 'Expected x')).text).toContain('Correct that entry, or leave it out.');
    expect(failure(new TypeError('x is not a function'))).toMatchObject({ status: 1 });
  });

  it('takes a lack of memory for what it is', () => {
    for (const run of [() => new Float64Array(2 ** 40), () => 'x'.repeat(2 ** 30), () => [].concat(Array(2 ** 32) as never)]) {
      let thrown: unknown;
      try {
        run();
      } catch (error) {
        thrown = error;
      }
      expect(failure(thrown)).toMatchObject({ status: 3, text: expect.stringMatching(/^coco-eval: error LIMIT: /) as string });
    }
  });

  it('shows control characters of foreign names as a sign', () => {
    expect(failure(new CocoEvalError('BAD_INPUT', 'Expected\u001b[2J\nx')).text.split('\n')).toHaveLength(3);
    expect(table([{ title: 'name', left: true }, { title: 'n' }], [['a\nb\u001b[31m', '1']])).toBe('name      n\na\uFFFDb\uFFFD[31m  1\n');
    expect(
      table(
        [{ title: 'n' }],
        Array.from({ length: 200_000 }, () => ['1']),
      ),
    ).toHaveLength(400_002);
  });
});

describe('files', () => {
  it('names folders, damaged gzip files and too long ones', async () => {
    mkdirSync(join(folder, 'sub'));
    await expect(readWhole(join(folder, 'sub'))).rejects.toThrow(/sub but it is a folder$/);
    writeFileSync(join(folder, 'torn.gz'), gzipSync('x'.repeat(1000)).subarray(0, 20));
    await expect(readWhole(join(folder, 'torn.gz'))).rejects.toMatchObject({
      code: 'INPUT_UNREADABLE',
      message: expect.stringMatching(/^Expected gzip data in .*torn\.gz but found/) as string,
      hint: expect.stringContaining('damaged or cut') as string,
    });
    writeFileSync(join(folder, 'bomb.gz'), gzipSync(new Uint8Array(2 ** 24)));
    await expect(readWhole(join(folder, 'bomb.gz'), { maxBytes: 2 ** 20 })).rejects.toMatchObject({ code: 'LIMIT' });
    expect(await readWhole(join(folder, 'bomb.gz'), { maxBytes: 2 ** 24 })).toHaveLength(2 ** 24);
    for (const bytes of [0, 1, 2]) {
      writeFileSync(join(folder, 'tiny'), '[]'.slice(0, bytes));
      expect(await readWhole(join(folder, 'tiny'))).toHaveLength(bytes);
    }
  });
});
