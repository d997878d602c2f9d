import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { slowModel } from './models.ts';

const SIZE = 256;
const start = `
  import { Session } from '@vitamin-vlm/runtime';
  const feeds = () => ({ x: { dtype: 'float32', shape: [${SIZE}, ${SIZE}], data: new Float32Array(${SIZE * SIZE}).fill(2) } });
  const session = await Session.create({ path: process.env.MODEL }, { threads: 1 });
`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vitamin-process-'));
  await writeFile(join(folder, 'model.onnx'), slowModel(SIZE, 1500).bytes);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs a script in a process of its own. A process that does not end by itself, or ends with an error, rejects. */
async function runScript(script: string): Promise<{ stdout: string; stderr: string }> {
  const args = ['--input-type=module', '--eval', start + script];
  const env = { ...process.env, MODEL: join(folder, 'model.onnx') };
  return promisify(execFile)(process.execPath, args, { cwd: import.meta.dirname, env, timeout: 30_000 });
}

it('lets the process end while a session is open and idle', async () => {
  const script = 'const { y } = await session.run(feeds()); console.log(y.data[7]);';
  expect(await runScript(script)).toEqual({ stdout: '2\n', stderr: '' });
});

it('keeps the process alive until a running call and a close have ended', async () => {
  const script = `
    session.run(feeds()).then(({ y }) => console.log('ran', y.data[7]));
    setTimeout(() => session.close().then(() => console.log('closed')), 20);`;
  expect(await runScript(script)).toEqual({ stdout: 'ran 2\nclosed\n', stderr: '' });
});

it('lets the process end after an aborted call, once ONNX Runtime is done with it', async () => {
  const script = `
    const controller = new AbortController();
    session.run(feeds(), { signal: controller.signal }).catch((error) => console.log(error.code));
    setTimeout(() => controller.abort(), 10);`;
  expect(await runScript(script)).toEqual({ stdout: 'ABORTED\n', stderr: '' });
});

it.each([
  ['process.exit(3)', 3],
  ["throw new Error('on purpose')", 1],
])('ends with its own exit code when it stops during a run: %s', async (statement, code) => {
  const script = `session.run(feeds()).then(() => console.log('not reached')); setTimeout(() => { ${statement}; }, 20);`;
  await expect(runScript(script)).rejects.toMatchObject({ code, signal: null, stdout: '' });
});

it('leaves outputs valid after their session is closed', async () => {
  const script = `
    const { y } = await session.run(feeds());
    await session.close();
    const other = Array.from({ length: 50 }, () => new Float32Array(${SIZE * SIZE}).fill(9));
    console.log(y.data.every((value) => value === 2), other.length);`;
  expect(await runScript(script)).toEqual({ stdout: 'true 50\n', stderr: '' });
});
