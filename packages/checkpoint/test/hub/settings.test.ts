import { writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { hubCacheDir, hubSettings } from '../../src/hub/settings.ts';
import { tempCache } from './fake-hub.ts';

it.each([
  [{}, join(homedir(), '.cache/huggingface/hub')],
  [{ XDG_CACHE_HOME: '/x' }, '/x/huggingface/hub'],
  [{ XDG_CACHE_HOME: '/x', HF_HOME: '/h' }, '/h/hub'],
  [{ HF_HOME: '~/h' }, join(homedir(), 'h/hub')],
  [{ HF_HOME: '$ROOT/${SUB}/$UNSET', ROOT: '/r', SUB: 's' }, '/r/s/$UNSET/hub'],
  [{ HF_HOME: '/h', HUGGINGFACE_HUB_CACHE: '/old' }, '/old'],
  [{ HF_HOME: '/h', HUGGINGFACE_HUB_CACHE: '/old', HF_HUB_CACHE: '/new' }, '/new'],
  [{ HF_HOME: '/h', HF_HUB_CACHE: '' }, '/h/hub'],
])('finds the cache folder from %j', (env, folder) => {
  expect(hubCacheDir(env)).toBe(folder);
});

it('takes options before environment before defaults', async () => {
  const home = await tempCache();
  const env = { HF_HOME: home, HF_ENDPOINT: 'https://mirror/', HF_TOKEN: ' one ', HF_HUB_OFFLINE: 'YES', HF_HUB_ETAG_TIMEOUT: '3' };
  const fromEnv = { endpoint: 'https://mirror', token: 'one', offline: true, etagTimeout: 3000, downloadTimeout: 10_000 };
  expect(await hubSettings({}, env)).toMatchObject(fromEnv);
  const options = { endpoint: 'http://127.0.0.1:1', token: 'two', offline: false };
  expect(await hubSettings(options, env)).toMatchObject(options);
  expect(await hubSettings({ token: false }, env)).toMatchObject({ token: undefined });
  expect(await hubSettings({}, { HF_HOME: home })).toMatchObject({ endpoint: 'https://huggingface.co', token: undefined, offline: false });
});

it('finds the token of the login command, unless told not to', async () => {
  const home = await tempCache();
  await writeFile(join(home, 'token'), 'from-file\n');
  expect((await hubSettings({}, { HF_HOME: home })).token).toBe('from-file');
  expect((await hubSettings({}, { HF_HOME: home, HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' })).token).toBeUndefined();
  expect((await hubSettings({}, { HF_TOKEN_PATH: join(home, 'token') })).token).toBe('from-file');
});

it.each([
  [{ endpoint: 'ftp://hub' }, 'USAGE'],
  [{ endpoint: 'huggingface.co' }, 'USAGE'],
  [{ offline: true, force: true }, 'USAGE'],
  [{ token: 'a\r\nx-evil: 1' }, 'AUTH'],
])('refuses %j', async (options, code) => {
  await expect(hubSettings(options, {})).rejects.toMatchObject({ code });
});
