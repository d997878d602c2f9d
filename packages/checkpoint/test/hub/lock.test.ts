import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it, onTestFinished } from 'vitest';
import { resolveHubFile } from '../../src/hub/resolve.ts';
import { randomFile, sha256, sizeOnDisk, startHub, tempCache } from './fake-hub.ts';

const bytes = randomFile(100_000);
const uri = 'hf:org/name/model.safetensors';

/** Another process that fetches the file with the built package and prints the path. */
function otherProcess(options: { cacheDir: string; endpoint: string }): ChildProcess {
  const built = new URL('../../dist/hub/resolve.js', import.meta.url).href;
  const script = `const { resolveHubFile } = await import('${built}');
    process.stdout.write(await resolveHubFile('${uri}', ${JSON.stringify(options)}));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

it('downloads once when three processes and a thread want the same file, whatever locks Python left', async () => {
  const hub = await startHub({ 'model.safetensors': bytes });
  const options = { cacheDir: await tempCache(), endpoint: hub.url };
  const locks = join(options.cacheDir, '.locks/models--org--name');
  await mkdir(locks, { recursive: true });
  await writeFile(join(locks, `${sha256(bytes)}.lock`), '');
  hub.behave = (_, response, path) => {
    if (!path.startsWith('/cdn/')) return false;
    setTimeout(() => response.end(bytes), 500);
    response.writeHead(200, { 'content-length': String(bytes.length) });
    return true;
  };
  const children = [1, 2, 3].map(() => otherProcess(options));
  const paths = await Promise.all([
    resolveHubFile(uri, options),
    resolveHubFile(uri, options),
    ...children.map((child) => text(child.stdout!)),
  ]);
  expect(new Set(paths).size).toBe(1);
  expect(bytes.equals(await readFile(paths[0]))).toBe(true);
  expect(hub.seen.filter(({ path }) => path.startsWith('/cdn/'))).toHaveLength(1);
  expect(await readdir(locks)).toEqual([`${sha256(bytes)}.lock`]);
});

it('goes on where an interrupted process stopped, without waiting for its lock', async () => {
  const hub = await startHub({ 'model.safetensors': bytes });
  const options = { cacheDir: await tempCache(), endpoint: hub.url };
  const arrived = new Promise<void>((resolve) => {
    hub.behave = (_, response, path) => {
      if (!path.startsWith('/cdn/')) return false;
      response.writeHead(200, { 'content-length': String(bytes.length) });
      response.write(bytes.subarray(0, 40_000), () => resolve()); // and then silence
      return true;
    };
  });
  const child = otherProcess(options);
  await arrived;
  const partial = join(options.cacheDir, 'models--org--name/blobs', `${sha256(bytes)}.incomplete`);
  await expect.poll(async () => sizeOnDisk(partial)).toBe(40_000);
  child.kill('SIGINT');
  await once(child, 'exit');
  hub.behave = () => false;
  hub.seen.length = 0;
  expect(bytes.equals(await readFile(await resolveHubFile(uri, options)))).toBe(true);
  expect(hub.seen.at(-1)?.range).toBe('bytes=40000-');
});

it('takes the lock of a process that died', async () => {
  const hub = await startHub({ 'model.safetensors': bytes });
  const options = { cacheDir: await tempCache(), endpoint: hub.url };
  const left = join(options.cacheDir, '.locks/models--org--name', `${sha256(bytes)}.vitamin.lock`);
  await mkdir(left, { recursive: true });
  const held = resolveHubFile(uri, { ...options, signal: AbortSignal.timeout(300) });
  await expect(held).rejects.toMatchObject({ code: 'ABORTED' });
  await utimes(left, new Date(0), new Date(0));
  expect(bytes.equals(await readFile(await resolveHubFile(uri, options)))).toBe(true);
});
