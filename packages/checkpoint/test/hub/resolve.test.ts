import { chmod, mkdir, readdir, readFile, readlink, realpath, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { expect, it } from 'vitest';
import { resolveHubFile } from '../../src/hub/resolve.ts';
import { listCachedFiles } from '../../src/hub/scan.ts';
import { commit, end, gitSha1, randomFile, sha256, startHub, tempCache } from './fake-hub.ts';

const files = {
  'model.safetensors': Buffer.from('weights of a small model'),
  'sub/config.json': Buffer.from('{"a":1}\n'),
};

/** Every entry below a folder as `path`, `path -> link` or `path = content`. */
async function layout(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const lines = entries.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    const name = relative(root, path);
    if (entry.isSymbolicLink()) return `${name} -> ${await readlink(path)}`;
    return entry.isFile() && name.includes('refs') ? `${name} = ${await readFile(path, 'utf8')}` : name;
  });
  return (await Promise.all(lines)).toSorted();
}

it('writes the layout that huggingface_hub 2.4.0 writes', async () => {
  const hub = await startHub(files);
  const cacheDir = await tempCache();
  const options = { cacheDir, endpoint: hub.url };
  const path = await resolveHubFile('hf:org/name/model.safetensors', options);
  await resolveHubFile('hf:org/name@refs/pr/1/sub/config.json', options);
  await expect(resolveHubFile('hf:org/name/gone.bin', options)).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' });
  expect(await readFile(path, 'utf8')).toBe('weights of a small model');
  // Observed with hf_hub_download of Python's huggingface_hub 2.4.0 against this very server (its *.lock files under .locks aside).
  expect(await layout(cacheDir)).toEqual(
    [
      '.locks',
      '.locks/models--org--name',
      'CACHEDIR.TAG',
      'models--org--name',
      'models--org--name/.no_exist',
      `models--org--name/.no_exist/${commit}`,
      `models--org--name/.no_exist/${commit}/gone.bin`,
      'models--org--name/blobs',
      `models--org--name/blobs/${gitSha1(files['sub/config.json'])}`,
      `models--org--name/blobs/${sha256(files['model.safetensors'])}`,
      'models--org--name/refs',
      `models--org--name/refs/main = ${commit}`,
      'models--org--name/refs/refs',
      'models--org--name/refs/refs/pr',
      `models--org--name/refs/refs/pr/1 = ${commit}`,
      'models--org--name/snapshots',
      `models--org--name/snapshots/${commit}`,
      `models--org--name/snapshots/${commit}/model.safetensors -> ../../blobs/${sha256(files['model.safetensors'])}`,
      `models--org--name/snapshots/${commit}/sub`,
      `models--org--name/snapshots/${commit}/sub/config.json -> ../../../blobs/${gitSha1(files['sub/config.json'])}`,
    ].toSorted(),
  );
});

it('asks once for a branch, never for a commit, never offline', async () => {
  const hub = await startHub(files);
  const options = { cacheDir: await tempCache(), endpoint: hub.url };
  const path = await resolveHubFile('hf:org/name/model.safetensors', options);
  expect(path).toBe(join(options.cacheDir, 'models--org--name/snapshots', commit, 'model.safetensors'));
  hub.seen.length = 0;
  expect(await resolveHubFile(`hf:org/name@${commit}/model.safetensors`, options)).toBe(path);
  expect(await resolveHubFile('hf:org/name/model.safetensors', { ...options, offline: true })).toBe(path);
  expect(hub.seen).toEqual([]);
  expect(await resolveHubFile('hf:org/name/model.safetensors', options)).toBe(path);
  expect(hub.seen.map(({ method }) => method)).toEqual(['HEAD']);
});

it('stands where the branch was last seen when the Hub is down, and says what is missing when nothing was', async () => {
  const hub = await startHub(files);
  const options = { cacheDir: await tempCache(), endpoint: hub.url };
  const path = await resolveHubFile('hf:org/name/model.safetensors', options);
  hub.behave = (_, response) => end(response, 503, { 'retry-after': '0' });
  expect(await resolveHubFile('hf:org/name/model.safetensors', options)).toBe(path);
  expect(await resolveHubFile('hf:org/name', options)).toBe(path);
  await expect(resolveHubFile('hf:org/name/other.bin', { ...options, offline: true })).rejects.toMatchObject({
    code: 'OFFLINE',
    message: expect.stringContaining('hf:org/name/other.bin'),
    hint: expect.stringContaining('vitamin pull hf:org/name/other.bin'),
  });
});

it('follows a branch that moved and shares the blob between commits', async () => {
  const hub = await startHub(files);
  const options = { cacheDir: await tempCache(), endpoint: hub.url };
  await resolveHubFile('hf:org/name/sub/config.json', options);
  const next = 'f'.repeat(40);
  hub.seen.length = 0;
  hub.behave = (_, response, path) =>
    path.endsWith('config.json') && end(response, 200, { 'x-repo-commit': next, etag: `"${gitSha1(files['sub/config.json'])}"` });
  const path = await resolveHubFile('hf:org/name/sub/config.json', options);
  expect(path).toContain(next);
  expect(await readFile(path, 'utf8')).toBe('{"a":1}\n');
  expect(hub.seen.map(({ method }) => method)).toEqual(['HEAD']);
  expect((await listCachedFiles(options.cacheDir)).map(({ commit: at, refs }) => [at, refs])).toEqual([
    [commit, []],
    [next, ['main']],
  ]);
});

it.each(['hf:org/name/model.safetensors', 'hf:org/name'])('moves the branch of %s only when the bytes are good', async (uri) => {
  const hub = await startHub(files);
  const options = { cacheDir: await tempCache(), endpoint: hub.url };
  const path = await resolveHubFile(uri, options);
  const moved = 'f'.repeat(40);
  const promised = sha256(Buffer.from('other weights'));
  hub.behave = (_, response, at) => {
    if (at.startsWith('/api/'))
      return end(response, 200, {}, JSON.stringify({ sha: moved, siblings: [{ rfilename: 'model.safetensors' }] }));
    if (at.startsWith('/cdn/')) return end(response, 200, {}, 'wrong bytes');
    const headers = { 'x-repo-commit': moved, 'x-linked-etag': `"${promised}"`, 'x-linked-size': '11', location: `/cdn/${promised}` };
    return end(response, 302, headers);
  };
  await expect(resolveHubFile(uri, options)).rejects.toMatchObject({ code: 'WEIGHTS_CORRUPT' });
  expect(await readFile(join(options.cacheDir, 'models--org--name/refs/main'), 'utf8')).toBe(commit);
  expect(await resolveHubFile(uri, { ...options, offline: true })).toBe(path);
});

it('downloads again by force and when the blob was deleted', async () => {
  const hub = await startHub(files);
  const options = { cacheDir: await tempCache(), endpoint: hub.url };
  const uri = `hf:org/name@${commit}/model.safetensors`;
  const path = await resolveHubFile(uri, options);
  await writeFile(path, 'damaged');
  expect(await readFile(await resolveHubFile(uri, options), 'utf8')).toBe('damaged');
  expect(await readFile(await resolveHubFile(uri, { ...options, force: true }), 'utf8')).toBe('weights of a small model');
  await rm(await realpath(path));
  expect(await readFile(await resolveHubFile(uri, options), 'utf8')).toBe('weights of a small model');
});

it('serves a read-only cache', async ({ skip }) => {
  if (process.getuid?.() === 0) skip('root may write anywhere');
  const hub = await startHub(files);
  const options = { cacheDir: await tempCache(), endpoint: hub.url };
  const path = await resolveHubFile('hf:org/name/model.safetensors', options);
  await chmod(join(options.cacheDir, 'models--org--name/refs'), 0o555);
  expect(await resolveHubFile('hf:org/name/model.safetensors', options)).toBe(path);
});

it('reports a cache that cannot be written', async () => {
  const hub = await startHub(files);
  const blocker = join(await tempCache(), 'file');
  await writeFile(blocker, '');
  const wrong = resolveHubFile('hf:org/name/model.safetensors', { cacheDir: join(blocker, 'hub'), endpoint: hub.url });
  await expect(wrong).rejects.toMatchObject({ code: 'RUNTIME', hint: expect.stringContaining('HF_HOME') });
});

it('finds the weights of a repository by one listing, and by none when the commit is known', async () => {
  const hub = await startHub({ 'a.bin': randomFile(9), 'model.safetensors': randomFile(9), 'open_clip_pytorch_model.bin': randomFile(9) });
  const options = { cacheDir: await tempCache(), endpoint: hub.url };
  const path = await resolveHubFile('hf:org/name', options);
  expect(path.endsWith('open_clip_pytorch_model.bin')).toBe(true);
  expect(hub.seen.filter((request) => request.path.startsWith('/api/'))).toHaveLength(1);
  hub.seen.length = 0;
  expect(await resolveHubFile(`hf:org/name@${commit}`, options)).toBe(path);
  expect(await resolveHubFile('hf:org/name', { ...options, offline: true })).toBe(path);
  expect(hub.seen).toEqual([]);
});

it('looks further when the cache holds files of a repository but no weights', async () => {
  const hub = await startHub({ ...files, 'config.json': Buffer.from('{}') });
  const options = { cacheDir: await tempCache(), endpoint: hub.url };
  await resolveHubFile('hf:org/name/config.json', options);
  await expect(resolveHubFile('hf:org/name', { ...options, offline: true })).rejects.toMatchObject({
    code: 'OFFLINE',
    hint: expect.stringContaining('vitamin pull hf:org/name`'),
  });
  expect((await resolveHubFile('hf:org/name', options)).endsWith('model.safetensors')).toBe(true);
});

it('takes the only weights file under another name, and asks when there are several', async () => {
  const one = await startHub({ 'fcclip.pth': randomFile(9), 'README.md': randomFile(9) });
  const path = await resolveHubFile('hf:org/name', { cacheDir: await tempCache(), endpoint: one.url });
  expect(path.endsWith('fcclip.pth')).toBe(true);
  const two = await startHub({ 'a.pth': randomFile(9), 'b.pth': randomFile(9) });
  const wrong = resolveHubFile('hf:org/name', { cacheDir: await tempCache(), endpoint: two.url });
  await expect(wrong).rejects.toMatchObject({ code: 'MODEL_UNKNOWN', message: expect.stringContaining('a.pth, b.pth') });
});

it('brings the shards of an index, with one total over all', async () => {
  const [one, two] = [randomFile(200_000), randomFile(100_000)];
  const index = Buffer.from(JSON.stringify({ weight_map: { a: 's-1.bin', b: 's-2.bin', c: 's-1.bin' } }));
  const hub = await startHub({ 'lm/pytorch_model.bin.index.json': index, 'lm/s-1.bin': one, 'lm/s-2.bin': two });
  const options = { cacheDir: await tempCache(), endpoint: hub.url };
  const events: [string, number, number][] = [];
  const path = await resolveHubFile('hf:org/name/lm/pytorch_model.bin.index.json', {
    ...options,
    onProgress: (event) => event.phase === 'download' && events.push([event.file, event.loaded, event.total]),
  });
  expect(two.equals(await readFile(join(dirname(path), 's-2.bin')))).toBe(true);
  const shardEvents = events.filter(([file]) => file.endsWith('.bin'));
  expect(new Set(shardEvents.map(([, , total]) => total))).toEqual(new Set([300_000]));
  expect(shardEvents.at(0)).toEqual(['lm/s-1.bin', 0, 300_000]);
  expect(shardEvents.at(-1)).toEqual(['lm/s-2.bin', 300_000, 300_000]);
  await rm(join(dirname(path), 's-2.bin'));
  await expect(resolveHubFile('hf:org/name/lm/pytorch_model.bin.index.json', { ...options, offline: true })).rejects.toMatchObject({
    code: 'OFFLINE',
    message: expect.stringContaining('lm/s-2.bin'),
  });
});

it.each(['../x.bin', '/etc/passwd', 'a/b.bin', 'a\\b.bin', 'x\0', '..', '', 7])('refuses an index that names %j', async (shard) => {
  const hub = await startHub({ 'model.safetensors.index.json': Buffer.from(JSON.stringify({ weight_map: { a: shard } })) });
  const wrong = resolveHubFile('hf:org/name/model.safetensors.index.json', { cacheDir: await tempCache(), endpoint: hub.url });
  await expect(wrong).rejects.toMatchObject({ code: 'WEIGHTS_CORRUPT' });
});

it.each([
  { 'x-repo-commit': '../../evil', etag: '"e"' },
  { 'x-repo-commit': commit, etag: '"../../../evil"' },
  { 'x-repo-commit': commit, etag: '".hidden"' },
  { 'x-repo-commit': '', etag: '"e"' },
])('takes no path from a server: %j', async (headers) => {
  const hub = await startHub(files);
  const cacheDir = join(await tempCache(), 'deep/cache');
  await mkdir(cacheDir, { recursive: true });
  hub.behave = (_, response) => end(response, 200, headers);
  await expect(resolveHubFile('hf:org/name/f', { cacheDir, endpoint: hub.url })).rejects.toMatchObject({ code: 'NETWORK' });
  expect(await readdir(cacheDir)).toEqual([]);
});

it('takes no path from a listing', async () => {
  const hub = await startHub({ '..\\evil.pth': randomFile(9) });
  const wrong = resolveHubFile('hf:org/name', { cacheDir: await tempCache(), endpoint: hub.url });
  await expect(wrong).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' });
});

it('lists what is cached', async () => {
  const hub = await startHub(files);
  const cacheDir = await tempCache();
  expect(await listCachedFiles(join(cacheDir, 'absent'))).toEqual([]);
  await resolveHubFile('hf:org/name/model.safetensors', { cacheDir, endpoint: hub.url });
  await resolveHubFile('hf:org/name/sub/config.json', { cacheDir, endpoint: hub.url });
  const root = join(cacheDir, 'models--org--name/snapshots', commit);
  expect(await listCachedFiles(cacheDir)).toEqual([
    {
      repo: 'org/name',
      commit,
      refs: ['main'],
      files: [
        { file: 'model.safetensors', path: join(root, 'model.safetensors'), size: 24 },
        { file: 'sub/config.json', path: join(root, 'sub/config.json'), size: 8 },
      ],
    },
  ]);
});
