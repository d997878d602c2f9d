import { VitaminError } from '@vitamin-vlm/core';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { formatHubUri, type FileAddress, type HubAddress } from './address.ts';

const pointerStart = 'version https://git-lfs.github.com/spec/';

/**
 * Compares a downloaded file with its etag: 64 hex digits are the sha256 of an LFS file, 40 the sha1 of a git blob; any other etag
 * says nothing about the bytes. An LFS pointer is refused even if its checksum is right, an HTML page if there is none to go by.
 *
 * @throws VitaminError `WEIGHTS_CORRUPT`
 */
export async function verifyDownload(path: string, etag: string, address: FileAddress, signal: AbortSignal): Promise<void> {
  const start = await firstBytes(path);
  if (start.startsWith(pointerStart)) throw corrupt(address, 'the file itself but received a Git LFS pointer');
  const found = await digestLike(etag, path, signal);
  if (found === etag) return;
  if (isHtml(start) && !isHtmlName(address.file)) throw corrupt(address, 'the file itself but received an HTML page');
  if (found !== undefined) throw corrupt(address, `bytes with checksum ${etag} but received ${found}`);
}

/** `WEIGHTS_CORRUPT` with the command that fetches the file again. */
export function corrupt(address: HubAddress, what: string): VitaminError {
  const uri = formatHubUri(address);
  return new VitaminError('WEIGHTS_CORRUPT', `Expected for ${uri} ${what}`, {
    hint: `Nothing was kept. Run \`vitamin pull --force ${uri}\`; if it happens again, a proxy or mirror changes the file.`,
  });
}

/** True for files that are HTML by their name, where an HTML page is no surprise. */
export function isHtmlName(file: string): boolean {
  return /\.html?$/i.test(file);
}

async function digestLike(etag: string, path: string, signal: AbortSignal): Promise<string | undefined> {
  if (!/^([0-9a-f]{64}|[0-9a-f]{40})$/.test(etag)) return undefined;
  const hash = createHash(etag.length === 64 ? 'sha256' : 'sha1');
  // A git blob is hashed with this header before its bytes.
  if (etag.length === 40) hash.update(`blob ${(await stat(path)).size}\0`);
  await pipeline(createReadStream(path, { highWaterMark: 2 ** 20 }), hash, { signal });
  return hash.digest('hex');
}

async function firstBytes(path: string): Promise<string> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(256), 0, 256, 0);
  return buffer.toString('latin1', 0, bytesRead);
}

function isHtml(start: string): boolean {
  return /^(\xef\xbb\xbf)?\s*(<!doctype html|<html)/i.test(start);
}
