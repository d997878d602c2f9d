import { throwIfAborted, VitaminError, makeFolder } from '@vitamin-vlm/core';
import { open, rename, rm, statfs, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { formatHubUri, type FileAddress } from './address.ts';
import { blobPath, isFile, type RepoCache } from './cache.ts';
import { withBlobLock } from './lock.ts';
import { fileUrl, type FileMetadata } from './metadata.ts';
import { hubRequest, readBody, watchdog } from './request.ts';
import { retrying, Transient } from './retry.ts';
import type { HubSettings } from './settings.ts';
import { corrupt, isHtmlName, verifyDownload } from './verify.ts';

/** One file to fetch into the cache. */
export interface Download extends FileMetadata {
  readonly address: FileAddress;
  readonly cache: RepoCache;
}

type OnPosition = (bytes: number, size: number | undefined) => void;

/**
 * Brings a blob into the cache: resumes `<etag>.incomplete`, checks it, renames it. On abort or a lost connection the
 * `.incomplete` stays for the next time; wrong bytes are deleted. `onPosition` hears how many bytes are on disk.
 */
export async function downloadBlob(
  settings: HubSettings,
  job: Download,
  userSignal: AbortSignal | undefined,
  onPosition: OnPosition,
): Promise<void> {
  const blob = blobPath(job.cache, job.etag);
  const partial = `${blob}.incomplete`;
  await makeFolder(dirname(blob));
  await withBlobLock(job.cache, job.etag, userSignal, async (signal) => {
    if (!settings.force && (await isFile(blob))) return onPosition(job.size ?? 0, job.size); // another process was faster
    if (settings.force) await rm(partial, { force: true });
    try {
      await fill(settings, job, partial, signal, onPosition);
      await verifyDownload(partial, job.etag, job.address, signal);
    } catch (error) {
      if (error instanceof VitaminError && error.code === 'WEIGHTS_CORRUPT') await rm(partial, { force: true });
      throwIfAborted(userSignal);
      throw error;
    }
    await rename(partial, blob);
  });
}

/** Appends to the partial file until it is complete, over as many connections as it takes. */
async function fill(settings: HubSettings, job: Download, path: string, signal: AbortSignal, onPosition: OnPosition): Promise<void> {
  await using part = await open(path, 'a');
  let furthest = (await part.stat()).size;
  if (job.size !== undefined && furthest > job.size) {
    await part.truncate(0);
    furthest = 0;
  }
  const note: OnPosition = (bytes, size) => {
    furthest = Math.max(furthest, bytes);
    onPosition(bytes, size);
  };
  await retrying(
    () => continueFile(settings, job, part, signal, note),
    signal,
    () => furthest,
  );
  await part.datasync();
}

/** One connection: asks for what is missing, writes what comes. */
async function continueFile(
  settings: HubSettings,
  job: Download,
  part: FileHandle,
  signal: AbortSignal,
  onPosition: OnPosition,
): Promise<void> {
  const offset = (await part.stat()).size;
  onPosition(offset, job.size);
  if (offset === job.size) return;
  using watch = watchdog(settings.downloadTimeout, signal);
  const response = await requestFrom(settings, job, offset, watch.signal, signal);
  if (response === undefined) {
    await part.truncate(0);
    throw brokenOff(job, `bytes from ${offset} on but the server will not continue there`);
  }
  const start = response.status === 206 ? offset : 0;
  if (start !== offset) await part.truncate(0);
  const size = job.size ?? announcedSize(response, start);
  const free = await freeSpace(job);
  if (size !== undefined && size - start > free) throw diskFull(job, size - start, free);

  let position = start;
  for await (const chunk of readBody(response, watch, signal, job.address)) {
    position += chunk.length;
    if (size !== undefined && position > size) throw corrupt(job.address, `${size} bytes but received more`);
    if (position - start > free) throw diskFull(job, position - start, free);
    await part.appendFile(chunk);
    onPosition(position, size);
  }
  if (size !== undefined && position < size) throw brokenOff(job, `${size} bytes but the connection ended after ${position}`);
}

/** Asks for the bytes from `offset` on. The answer is 206 from there, or 200 from the start; undefined when the server can do neither. */
async function requestFrom(
  settings: HubSettings,
  job: Download,
  offset: number,
  signal: AbortSignal,
  userSignal: AbortSignal,
): Promise<Response | undefined> {
  const headers: Record<string, string> = offset > 0 ? { range: `bytes=${offset}-` } : {};
  const response = await hubRequest(settings, {
    method: 'GET',
    url: fileUrl(settings, job.address),
    address: job.address,
    headers,
    signal,
    userSignal,
    acceptStatus: 416,
  });
  const range = response.headers.get('content-range') ?? '';
  const misplaced = response.status === 206 && (offset === 0 || !range.startsWith(`bytes ${offset}-`) || isEncoded(response));
  if (response.status === 416 || misplaced) {
    await response.body?.cancel();
    return undefined;
  }
  if (/^text\/html\b/i.test(response.headers.get('content-type') ?? '') && !isHtmlName(job.address.file)) {
    await response.body?.cancel();
    throw new VitaminError('NETWORK', `Expected ${formatHubUri(job.address)} but received an HTML page`, {
      hint: 'A proxy, a login page or HF_ENDPOINT stands between you and the Hub; open the address in a browser to see it.',
    });
  }
  return response;
}

function brokenOff(job: Download, what: string): Transient {
  return new Transient(
    new VitaminError('NETWORK', `Expected for ${formatHubUri(job.address)} ${what}`, {
      hint: 'Run the same command again to go on where it stopped.',
    }),
  );
}

/** Size of the whole file by this answer. Behind a content encoding the length is that of the packed bytes and says nothing. */
function announcedSize(response: Response, start: number): number | undefined {
  const length = response.headers.get('content-length');
  return length === null || isEncoded(response) ? undefined : start + Number(length);
}

function isEncoded(response: Response): boolean {
  return (response.headers.get('content-encoding') ?? 'identity') !== 'identity';
}

async function freeSpace(job: Download): Promise<number> {
  const disk = await statfs(dirname(blobPath(job.cache, job.etag)));
  return disk.blocks === 0 ? Infinity : disk.bavail * disk.bsize; // some network file systems do not tell
}

function diskFull(job: Download, needed: number, free: number): VitaminError {
  return new VitaminError('RUNTIME', `Expected ${needed} free bytes in ${job.cache.folder} but found ${free}`, {
    hint: 'Free some space, or set HF_HOME to a larger disk.',
  });
}
