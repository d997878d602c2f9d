import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { VitaminError } from '@vitamin-vlm/core';
import { expect, it } from 'vitest';
import { fileMetadata } from '../../src/hub/metadata.ts';
import { watchdog } from '../../src/hub/request.ts';
import { hubSettings } from '../../src/hub/settings.ts';

async function serve<T>(listener: RequestListener, work: (origin: string) => Promise<T>): Promise<T> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  try {
    return await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const address = { repo: 'org/name', revision: 'main', file: 'a.bin' };
const foreign: RequestListener = (_, response) => {
  response.writeHead(200, {
    'x-repo-commit': 'b'.repeat(40),
    'x-linked-etag': 'e'.repeat(64),
    'x-linked-size': '7',
    'content-length': '7',
  });
  response.end();
};

/** What a Hub says whose answer leads to another host, which says something else. */
async function said(headers: Readonly<Record<string, string>>): Promise<unknown> {
  return await serve(foreign, (storage) =>
    serve(
      (_, response) => {
        response.writeHead(302, { ...headers, location: `${storage}/x` });
        response.end();
      },
      async (endpoint) => await fileMetadata(await hubSettings({ endpoint, token: false }), address, undefined, async () => undefined),
    ),
  );
}

it('takes commit and checksum from the endpoint, never from a host that it leads to', async () => {
  const own = { 'x-repo-commit': 'a'.repeat(40), 'x-linked-etag': 'f'.repeat(64) };
  expect(await said(own)).toEqual({ commit: own['x-repo-commit'], etag: own['x-linked-etag'], size: undefined });
  await expect(said({})).rejects.toMatchObject({ code: 'NETWORK', message: expect.stringContaining('X-Repo-Commit') });
  await expect(said({ 'x-repo-commit': 'a'.repeat(40) })).rejects.toMatchObject({ code: 'NETWORK' });
});

it('leaves a server that keeps a connection busy with a byte now and then', async () => {
  using watch = watchdog(10_000, undefined, { bytes: 100, milliseconds: 20 });
  watch.beat(99);
  await sleep(30);
  expect(watch.signal.aborted).toBe(false);
  watch.beat(1); // 100 bytes in 30 ms
  expect(watch.signal.aborted).toBe(false);
  await sleep(30);
  watch.beat(1);
  expect(watch.signal.reason).toBeInstanceOf(VitaminError);
  expect(watch.signal.reason).toMatchObject({ code: 'NETWORK', message: expect.stringContaining('received 1') });
});
