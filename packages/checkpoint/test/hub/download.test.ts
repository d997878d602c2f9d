import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { resolveHubFile } from '../../src/hub/resolve.ts';
import { commit, cut, end, randomFile, sha256, sizeOnDisk, startHub, tempCache, type FakeHub } from './fake-hub.ts';

const name = 'model.safetensors';
const uri = `hf:org/name/${name}`;
const bytes = randomFile(300_000);
const linked = { 'x-repo-commit': commit, 'x-linked-etag': sha256(bytes), 'x-linked-size': String(bytes.length) };

interface Setup {
  readonly hub: FakeHub;
  readonly options: { cacheDir: string; endpoint: string };
  /** `blobs/<etag>.incomplete` */
  readonly partial: string;
  readonly ranges: () => (string | undefined)[];
}

async function setup(file: Buffer = bytes): Promise<Setup> {
  const hub = await startHub({ [name]: file });
  const options = { cacheDir: await tempCache(), endpoint: hub.url };
  const folder = join(options.cacheDir, 'models--org--name/blobs');
  await mkdir(folder, { recursive: true });
  const ranges = (): (string | undefined)[] => hub.seen.filter(({ path }) => path.startsWith('/cdn/')).map(({ range }) => range);
  return { hub, options, partial: join(folder, `${sha256(file)}.incomplete`), ranges };
}

async function blobs(options: { cacheDir: string }): Promise<string[]> {
  return readdir(join(options.cacheDir, 'models--org--name/blobs'));
}

it('goes on after cut connections, each time from where it stopped', async () => {
  const { hub, options, partial, ranges } = await setup();
  let position = 0;
  hub.behave = (_, response, path) => {
    if (!path.startsWith('/cdn/') || position >= 200_000) return false;
    const start = position;
    position += 100_000;
    const headers = {
      'content-length': String(bytes.length - start),
      'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}`,
    };
    const until = position;
    return cut(response, start === 0 ? 200 : 206, headers, bytes.subarray(start, until), async () => (await sizeOnDisk(partial)) === until);
  };
  expect(bytes.equals(await readFile(await resolveHubFile(uri, options)))).toBe(true);
  expect(ranges()).toEqual([undefined, 'bytes=100000-', 'bytes=200000-']);
});

it('gives up at a byte it never gets past, and goes on from there the next time', async () => {
  const { hub, options, partial, ranges } = await setup();
  const arrived = async (): Promise<boolean> => (await sizeOnDisk(partial)) === 1000;
  hub.behave = (request, response, path) => {
    if (!path.startsWith('/cdn/')) return false;
    if (request.headers.range !== undefined) return end(response, 503, { 'retry-after': '0' });
    return cut(response, 200, { 'content-length': String(bytes.length) }, bytes.subarray(0, 1000), arrived);
  };
  await expect(resolveHubFile(uri, options)).rejects.toMatchObject({ code: 'NETWORK', message: expect.stringContaining('503') });
  expect(bytes.subarray(0, 1000).equals(await readFile(partial))).toBe(true);
  hub.behave = () => false;
  hub.seen.length = 0;
  expect(bytes.equals(await readFile(await resolveHubFile(uri, options)))).toBe(true);
  expect(ranges()).toEqual(['bytes=1000-']);
  expect(await blobs(options)).toEqual([sha256(bytes)]);
});

it.each([
  ['answers 200 to a Range', (response: Parameters<typeof end>[0]): true => end(response, 200, {}, bytes)],
  [
    'packs the answer',
    (response: Parameters<typeof end>[0]): true => end(response, 206, { 'content-encoding': 'gzip', 'content-range': 'bytes 1000-9/9' }),
  ],
  [
    'sends another range',
    (response: Parameters<typeof end>[0]): true => end(response, 206, { 'content-range': 'bytes 0-9/9' }, 'ten bytes.'),
  ],
  ['answers 416', (response: Parameters<typeof end>[0]): true => end(response, 416)],
])('starts again when the server %s', async (_, answer) => {
  const { hub, options, partial, ranges } = await setup();
  await writeFile(partial, bytes.subarray(0, 1000));
  hub.behave = (request, response, path) => path.startsWith('/cdn/') && request.headers.range !== undefined && answer(response);
  expect(bytes.equals(await readFile(await resolveHubFile(uri, options)))).toBe(true);
  expect(ranges().at(0)).toBe('bytes=1000-');
});

it('needs no request for bytes that are all there, and drops a partial file that is too long', async () => {
  const { options, partial, ranges } = await setup();
  await writeFile(partial, bytes);
  expect(bytes.equals(await readFile(await resolveHubFile(uri, options)))).toBe(true);
  expect(ranges()).toEqual([]);
  const other = await setup();
  await writeFile(other.partial, Buffer.concat([bytes, bytes]));
  expect(bytes.equals(await readFile(await resolveHubFile(uri, other.options)))).toBe(true);
  expect(other.ranges()).toEqual([undefined]);
});

it('downloads an empty file', async () => {
  const { options } = await setup(Buffer.alloc(0));
  expect(await readFile(await resolveHubFile(uri, options))).toHaveLength(0);
});

it('refuses wrong bytes and keeps nothing of them', async () => {
  const { hub, options } = await setup();
  const wrong = Buffer.from(bytes);
  wrong[77_777]! ^= 1;
  hub.behave = (_, response, path) => path.startsWith('/cdn/') && end(response, 200, {}, wrong);
  await expect(resolveHubFile(uri, options)).rejects.toMatchObject({
    code: 'WEIGHTS_CORRUPT',
    message: expect.stringContaining(sha256(wrong)),
    hint: expect.stringContaining(`vitamin pull --force ${uri}`),
  });
  expect(await blobs(options)).toEqual([]);
  hub.behave = () => false;
  expect(bytes.equals(await readFile(await resolveHubFile(uri, options)))).toBe(true);
});

it('stops at the size the Hub gave', async () => {
  const { hub, options } = await setup();
  let sent = 0;
  hub.behave = (_, response, path) => {
    if (!path.startsWith('/cdn/')) return false;
    response.writeHead(200); // chunked, without end
    const more = (error?: Error | null): void => {
      if (error || response.destroyed || sent > 50_000_000) return;
      sent += 65_536;
      response.write(Buffer.alloc(65_536), more);
    };
    more();
    return true;
  };
  await expect(resolveHubFile(uri, options)).rejects.toMatchObject({ code: 'WEIGHTS_CORRUPT' });
  expect(sent).toBeLessThan(20_000_000);
  expect(await blobs(options)).toEqual([]);
});

it('refuses a file larger than the disk before a byte is fetched', async () => {
  const { hub, options, ranges } = await setup();
  hub.behave = (request, response, path) => {
    const huge = { ...linked, 'x-linked-size': '9007199254740991', location: `/cdn/${sha256(bytes)}` };
    if (path.startsWith('/cdn/')) return false;
    return end(response, 302, request.method === 'HEAD' ? huge : { location: huge.location });
  };
  await expect(resolveHubFile(uri, options)).rejects.toMatchObject({ code: 'RUNTIME', message: expect.stringContaining('free bytes') });
  expect(ranges()).toHaveLength(1);
});

it.each([
  [401, {}, 'AUTH', 1],
  [403, { 'x-error-code': 'GatedRepo', 'x-error-message': 'ask for access' }, 'AUTH', 1],
  [404, { 'x-error-code': 'RevisionNotFound' }, 'MODEL_UNKNOWN', 1],
  [400, {}, 'NETWORK', 1],
  [429, { 'retry-after': '0' }, 'NETWORK', 5],
  [500, { 'retry-after': '0' }, 'NETWORK', 5],
  [429, { 'retry-after': '3600' }, 'NETWORK', 1],
])('maps status %i %j to %s after %i requests', async (status, headers, code, requests) => {
  const { hub, options } = await setup();
  hub.behave = (_, response) => end(response, status, headers);
  const error: unknown = await resolveHubFile(uri, options).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ name: 'VitaminError', code, message: expect.stringContaining(String(status)) });
  expect(hub.seen).toHaveLength(requests);
});

it('succeeds after 429, 503, 500 and 408', async () => {
  const { hub, options } = await setup();
  const failures = new Map([1, 2, 4, 6].map((count, index) => [count, [429, 503, 500, 408][index]!]));
  hub.behave = (_, response) => {
    const status = failures.get(hub.seen.length);
    return status !== undefined && end(response, status, { 'retry-after': '0' });
  };
  expect(bytes.equals(await readFile(await resolveHubFile(uri, options)))).toBe(true);
});

it('reports a server that is not there', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const wrong = resolveHubFile(uri, { cacheDir: await tempCache(), endpoint: `http://127.0.0.1:${port}` });
  await expect(wrong).rejects.toMatchObject({ code: 'NETWORK', message: expect.stringContaining('ECONNREFUSED') });
});

it('refuses an HTML page, whether announced or not, and an LFS pointer', async () => {
  const page = '<!DOCTYPE html><title>Log in to the hotel network</title>';
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256(bytes)}\nsize ${bytes.length}\n`;
  for (const [body, type, code, word] of [
    [page, 'text/html; charset=utf-8', 'NETWORK', 'HTML'],
    [page, 'application/octet-stream', 'WEIGHTS_CORRUPT', 'HTML'],
    [pointer, 'text/plain', 'WEIGHTS_CORRUPT', 'LFS pointer'],
  ] as const) {
    const { hub, options } = await setup();
    hub.behave = (_, response) => end(response, 200, { 'x-repo-commit': commit, etag: '"opaque"', 'content-type': type }, body);
    await expect(resolveHubFile(uri, options)).rejects.toMatchObject({ code, message: expect.stringContaining(word) });
    expect((await blobs(options)).filter((file) => !file.endsWith('.incomplete'))).toEqual([]);
  }
});

it('keeps what has arrived when a login page takes the place of the rest', async () => {
  const { hub, options, partial } = await setup();
  await writeFile(partial, bytes.subarray(0, 1000));
  hub.behave = (_, response, path) => path.startsWith('/cdn/') && end(response, 200, { 'content-type': 'text/html' }, '<html>');
  await expect(resolveHubFile(uri, options)).rejects.toMatchObject({ code: 'NETWORK' });
  expect(bytes.subarray(0, 1000).equals(await readFile(partial))).toBe(true);
});

it('sends the token to the Hub and never to the host of a redirect', async () => {
  const { hub, options } = await setup();
  const storage = await startHub({ [name]: bytes });
  hub.cdn = `${storage.url}/cdn`;
  expect(bytes.equals(await readFile(await resolveHubFile(uri, { ...options, token: 'secret' })))).toBe(true);
  expect(new Set(hub.seen.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer secret']));
  expect(storage.seen.map(({ method, authorization }) => [method, authorization])).toEqual([['GET', undefined]]);
});

it('follows a renamed repository and asks the Hub again when a signed link ran out', async () => {
  const { hub, options } = await setup();
  const storage = await startHub({ [name]: bytes });
  storage.behave = (_, response) => storage.seen.length === 1 && end(response, 403, { 'retry-after': '0' });
  hub.cdn = `${storage.url}/cdn`;
  hub.behave = (_, response, path) => path.startsWith('/org/old/') && end(response, 307, { location: path.replace('old', 'name') });
  const path = await resolveHubFile(`hf:org/old/${name}`, options);
  expect(path).toContain('models--org--old');
  expect(bytes.equals(await readFile(path))).toBe(true);
  expect(storage.seen).toHaveLength(2);
});

it.each(['/org/name/resolve/main/model.safetensors', 'file:///etc/passwd', 'http://[bad'])(
  'stops at a redirect to %s',
  async (location) => {
    const { hub, options } = await setup();
    hub.behave = (_, response) => end(response, 302, { location });
    await expect(resolveHubFile(uri, options)).rejects.toMatchObject({ code: 'NETWORK', message: expect.stringContaining('redirect') });
    expect(hub.seen.length).toBeLessThanOrEqual(11);
  },
);

it('never goes from https to http', async () => {
  const { hub, options } = await setup();
  const fetch = async (): Promise<Response> => new Response(null, { status: 302, headers: { location: hub.url } });
  const wrong = resolveHubFile(uri, { ...options, endpoint: 'https://hub.example', fetch });
  await expect(wrong).rejects.toMatchObject({ code: 'NETWORK', message: expect.stringContaining('redirect to https') });
  expect(hub.seen).toEqual([]);
});

it('stops at once on abort, keeps what has arrived, and goes on from there', async () => {
  const { hub, options, partial, ranges } = await setup();
  const controller = new AbortController();
  hub.behave = (_, response, path) => {
    if (!path.startsWith('/cdn/')) return false;
    response.writeHead(200, { 'content-length': String(bytes.length) });
    response.write(bytes.subarray(0, 100_000)); // and then silence
    return true;
  };
  const events: number[] = [];
  const aborted = resolveHubFile(uri, {
    ...options,
    signal: controller.signal,
    onProgress: (event) => {
      if (event.phase !== 'download') return;
      events.push(event.loaded);
      expect(event).toMatchObject({ file: name, total: bytes.length });
      if (event.loaded === 100_000) setTimeout(() => controller.abort(), 10);
    },
  });
  await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' });
  expect(bytes.subarray(0, 100_000).equals(await readFile(partial))).toBe(true);
  await expect(resolveHubFile(uri, { ...options, signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
  hub.behave = () => false;
  hub.seen.length = 0;
  const after: number[] = [];
  await resolveHubFile(uri, { ...options, onProgress: (event) => event.phase === 'download' && after.push(event.loaded) });
  expect(ranges()).toEqual(['bytes=100000-']);
  expect([events[0], after[0], after.at(-1)]).toEqual([0, 100_000, bytes.length]);
});

it('takes silence for a broken connection', async () => {
  process.env['HF_HUB_DOWNLOAD_TIMEOUT'] = '0.5';
  const { hub, options, ranges } = await setup();
  hub.behave = (request, response, path) => {
    if (!path.startsWith('/cdn/') || request.headers.range !== undefined) return false;
    response.writeHead(200, { 'content-length': String(bytes.length) });
    response.write(bytes.subarray(0, 50_000));
    return true;
  };
  try {
    expect(bytes.equals(await readFile(await resolveHubFile(uri, options)))).toBe(true);
  } finally {
    delete process.env['HF_HUB_DOWNLOAD_TIMEOUT'];
  }
  expect(ranges().slice(0, 2)).toEqual([undefined, 'bytes=50000-']);
});

it('works without a size: neither X-Linked-Size nor Content-Length', async () => {
  const { hub, options } = await setup();
  hub.behave = (request, response) => {
    response.writeHead(200, { 'x-repo-commit': commit, etag: `"${sha256(bytes)}"`, 'transfer-encoding': 'chunked' });
    response.end(request.method === 'HEAD' ? undefined : bytes);
    return true;
  };
  expect(bytes.equals(await readFile(await resolveHubFile(uri, options)))).toBe(true);
});
