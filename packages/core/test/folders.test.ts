import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { homeFolder, makeFolder, writeFileAtomic } from '../src/index.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vitamin-folders-'));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

it('makes folders and those above them, with their mode', async () => {
  await makeFolder(join(folder, 'a/b/c'), 0o700);
  await makeFolder(join(folder, 'a/b/c'));
  for (const name of ['a', 'a/b', 'a/b/c']) expect((await stat(join(folder, name))).mode & 0o777).toBe(0o700);
  await writeFile(join(folder, 'file'), '');
  await expect(makeFolder(join(folder, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(makeFolder(join(folder, 'file/below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
});

it.skipIf(!existsSync('/proc/self'))('ends where the system never lets a folder be made', async () => {
  await expect(makeFolder('/proc/.cache/vitamin')).rejects.toMatchObject({ code: 'ENOENT' });
});

it('knows the home of a user whose HOME is empty', () => {
  vi.stubEnv('HOME', '/somewhere');
  expect(homeFolder()).toBe('/somewhere');
  for (const home of ['', 'relative']) {
    vi.stubEnv('HOME', home);
    expect(homeFolder()).toBe(userInfo().homedir);
  }
});

it('keeps the permissions of a file that it replaces', async () => {
  const file = join(folder, 'private.json');
  await writeFileAtomic(file, 'old');
  await chmod(file, 0o600);
  await writeFileAtomic(file, 'new');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

it('sweeps what a killed process left, when it is a day old', async () => {
  const place = join(folder, 'swept');
  await makeFolder(place);
  const old = new Date(Date.now() - 25 * 3_600_000);
  for (const [name, age] of [
    ['a.0123456789ab.tmp', old],
    ['b.ffffffffffff.tmp', undefined],
    ['c.tmp', old],
    ['d.0123456789ab.tmp.txt', old],
  ] as const) {
    await writeFile(join(place, name), '');
    if (age) await utimes(join(place, name), age, age);
  }
  await writeFileAtomic(join(place, 'new.json'), '{}');
  expect((await readdir(place)).toSorted()).toEqual(['b.ffffffffffff.tmp', 'c.tmp', 'd.0123456789ab.tmp.txt', 'new.json']);
});
