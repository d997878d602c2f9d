import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

// The tests decide alone what is offline and which token is sent, whoever runs them.
for (const name of Object.keys(process.env)) if (/^(HF_|HUGGING|TRANSFORMERS_OFFLINE)/.test(name)) delete process.env[name];
process.env['HF_HUB_DISABLE_IMPLICIT_TOKEN'] = '1';

export const commit = '0123456789abcdef0123456789abcdef01234567';

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

/** Answers a request itself (true) or leaves it to the hub. `path` is without the query. */
type Behavior = (request: IncomingMessage, response: ServerResponse, path: string) => boolean | void;

export interface FakeHub {
  readonly url: string;
  readonly seen: Seen[];
  /** Replaced by a test to misbehave. */
  behave: Behavior;
  /** Where large files are redirected to; a relative path on this server unless a test sets another origin. */
  cdn: string;
}

/**
 * A real HTTP server that answers as the Hub does: HEAD and GET of /org/name/resolve/REV/PATH, large files (.safetensors, .bin) by a
 * redirect with X-Linked-* headers to /cdn/SHA256 (Range supported), small ones with their git sha1 as ETag; the listing API.
 */
export async function startHub(files: Readonly<Record<string, Buffer>> = {}): Promise<FakeHub> {
  const hub: FakeHub = { url: '', seen: [], behave: () => false, cdn: '/cdn' };
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url!, 'http://hub').pathname);
    const { range, authorization } = request.headers;
    hub.seen.push({ method: request.method!, path, range, authorization });
    if (hub.behave(request, response, path)) return;
    const file = /^\/org\/name\/resolve\/(main|refs\/pr\/1|[0-9a-f]{40})\/(.+)$/.exec(path)?.[2];
    if (path.startsWith('/cdn/')) return sendRange(request, response, blob(files, path.slice(5)));
    if (path.startsWith('/api/models/org/name/revision/')) return sendListing(response, files);
    if (file === undefined) return end(response, 404, { 'x-error-code': 'RepoNotFound' });
    sendFile(response, files[file], isLarge(file), hub.cdn);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return Object.assign(hub, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

/** An empty cache folder that is deleted after the test. */
export async function tempCache(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hub-cache-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function gitSha1(bytes: Buffer): string {
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}

export function randomFile(size: number): Buffer {
  return randomBytes(size);
}

export function end(response: ServerResponse, status: number, headers: Record<string, string> = {}, body: string | Buffer = ''): true {
  response.writeHead(status, { 'content-length': String(Buffer.byteLength(body)), ...headers });
  response.end(response.req.method === 'HEAD' ? undefined : body);
  return true;
}

/** Starts an answer, waits until the client has its bytes on disk (`arrived`), then cuts the connection. */
export function cut(
  response: ServerResponse,
  status: number,
  headers: Record<string, string>,
  bytes: Buffer,
  arrived: () => Promise<boolean>,
): true {
  response.writeHead(status, headers);
  response.write(bytes);
  const poll = setInterval(async () => {
    if (!response.destroyed && !(await arrived())) return;
    clearInterval(poll);
    response.destroy();
  }, 5);
  return true;
}

/** Size of a file, 0 when it is absent. */
export async function sizeOnDisk(path: string): Promise<number> {
  return (await stat(path).catch(() => ({ size: 0 }))).size;
}

function isLarge(file: string): boolean {
  return /\.(safetensors|bin)$/.test(file);
}

function sendFile(response: ServerResponse, bytes: Buffer | undefined, large: boolean, cdn: string): void {
  if (bytes === undefined) return void end(response, 404, { 'x-error-code': 'EntryNotFound', 'x-repo-commit': commit });
  if (!large) return void end(response, 200, { 'x-repo-commit': commit, etag: `"${gitSha1(bytes)}"` }, bytes);
  const linked = { 'x-linked-etag': `"${sha256(bytes)}"`, 'x-linked-size': String(bytes.length) };
  end(response, 302, { location: `${cdn}/${sha256(bytes)}`, 'x-repo-commit': commit, etag: 'W/"redirect"', ...linked }, 'Found');
}

function sendRange(request: IncomingMessage, response: ServerResponse, bytes: Buffer | undefined): void {
  if (bytes === undefined) return void end(response, 404);
  const start = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
  if (start === undefined) return void end(response, 200, { etag: '"of-the-storage"' }, bytes);
  if (Number(start) >= bytes.length) return void end(response, 416);
  end(response, 206, { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` }, bytes.subarray(Number(start)));
}

function sendListing(response: ServerResponse, files: Readonly<Record<string, Buffer>>): void {
  end(response, 200, {}, JSON.stringify({ sha: commit, siblings: Object.keys(files).map((rfilename) => ({ rfilename })) }));
}

function blob(files: Readonly<Record<string, Buffer>>, hash: string): Buffer | undefined {
  return Object.values(files).find((bytes) => sha256(bytes) === hash);
}
