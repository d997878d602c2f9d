import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';

const folder = await mkdtemp(join(tmpdir(), 'plot-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

it('trains without echarts, and says what a plot needs', { timeout: 60_000 }, async () => {
  // An installation that has our packages and no other: the package stands outside the workspace.
  const workspace = fileURLToPath(new URL('../../..', import.meta.url));
  await cp(join(workspace, 'packages/training/dist'), join(folder, 'dist'), { recursive: true });
  await mkdir(join(folder, 'node_modules'));
  await symlink(join(workspace, 'node_modules/@vitamin-vlm'), join(folder, 'node_modules/@vitamin-vlm'), 'junction');
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  await writeFile(join(folder, 'log.jsonl'), '{"step":1,"loss":1,"rate":0.1}\n');
  const script = `
    const { plotLogs, train } = await import('./dist/index.js');
    const error = await plotLogs(new Map([['fit', 'log.jsonl']]), 'log.svg', { title: 'A fit' }).catch((caught) => caught);
    console.log(JSON.stringify({ train: typeof train, code: error.code, message: error.message, hint: error.hint }));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { cwd: folder });
  expect(JSON.parse(stdout)).toEqual({
    train: 'function',
    code: 'UNSUPPORTED',
    message: expect.stringContaining('Expected the package echarts for a plot but found none'),
    hint: expect.stringContaining('npm install echarts@6'),
  });
});
