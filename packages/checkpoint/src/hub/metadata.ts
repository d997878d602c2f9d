import { VitaminError } from '@vitamin-vlm/core';
import { formatHubUri, isSafePath, type FileAddress, type HubAddress } from './address.ts';
import { isSafeName } from './cache.ts';
import { hubRequest, readBody, watchdog } from './request.ts';
import type { HubSettings } from './settings.ts';

/** What one HEAD request says about a file. */
export interface FileMetadata {
  readonly commit: string;
  /** sha256 of an LFS file (64 hex digits), git blob sha1 of any other (40): the name of the blob. */
  readonly etag: string;
  /** Bytes; absent when the server does not say. */
  readonly size: number | undefined;
}

/** What the Hub lists for a revision. */
export interface Listing {
  readonly commit: string;
  readonly files: readonly string[];
}

/** A listing of a large repository is a few megabytes. */
const largestListing = 64 * 2 ** 20;

/** The address that answers for a file, by HEAD and by GET. */
export function fileUrl(settings: HubSettings, address: FileAddress): string {
  const path = address.file.split('/').map(encodeURIComponent).join('/');
  return `${settings.endpoint}/${address.repo}/resolve/${encodeURIComponent(address.revision)}/${path}`;
}

/**
 * Asks for commit, etag and size. On the Hub a large file answers with a redirect to its storage that carries them, a small one after
 * a relative redirect; so headers are collected until all three are known. `onAbsent` hears of the commit that lacks the file.
 */
export async function fileMetadata(
  settings: HubSettings,
  address: FileAddress,
  userSignal: AbortSignal | undefined,
  onAbsent: (commit: string) => Promise<void>,
): Promise<FileMetadata> {
  using watch = watchdog(settings.etagTimeout, userSignal);
  let seen: Seen = {};
  let absentFrom: string | undefined;
  // Only the Hub says which commit and bytes are meant: a host that it leads to may be anyone's.
  let own = true;
  const response = await hubRequest(settings, {
    method: 'HEAD',
    url: fileUrl(settings, address),
    address,
    signal: watch.signal,
    userSignal,
    onRedirect: (headers, from, to) => {
      if (own) seen = collect(headers, seen);
      own &&= to?.origin === from.origin;
      return seen.commit !== undefined && seen.etag !== undefined && seen.size !== undefined;
    },
    onRefusal: (headers) => {
      if (headers.get('x-error-code') === 'EntryNotFound') absentFrom = headers.get('x-repo-commit') ?? undefined;
    },
  }).catch(async (error: unknown) => {
    if (absentFrom !== undefined && isSafeName(absentFrom)) await onAbsent(absentFrom);
    throw error;
  });
  if (own) seen = collect(response.headers, seen);
  const final = response.ok && own ? response.headers : new Headers();
  const etag = seen.etag ?? normalize(final.get('etag'));
  const { commit } = seen;
  if (commit === undefined || etag === undefined || !isSafeName(commit) || !isSafeName(etag)) {
    throw new VitaminError(
      'NETWORK',
      `Expected the headers X-Repo-Commit and ETag for ${formatHubUri(address)} but received neither or unusable ones`,
      {
        hint: `${settings.endpoint} does not answer as a Hub does: check HF_ENDPOINT, proxy and firewall.`,
      },
    );
  }
  return { commit, etag, size: seen.size ?? byteCount(final.get('content-length')) };
}

/** The files of a revision and the commit it stands at, in one request. */
export async function listing(settings: HubSettings, address: HubAddress, userSignal: AbortSignal | undefined): Promise<Listing> {
  using watch = watchdog(settings.etagTimeout, userSignal);
  const url = `${settings.endpoint}/api/models/${address.repo}/revision/${encodeURIComponent(address.revision)}`;
  const response = await hubRequest(settings, { method: 'GET', url, address, signal: watch.signal, userSignal });
  const bytes: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of readBody(response, watch, userSignal, address)) {
    length += chunk.length;
    if (length > largestListing) break;
    bytes.push(chunk);
  }
  const found = parseListing(Buffer.concat(bytes).toString('utf8'));
  if (found) return found;
  throw new VitaminError('NETWORK', `Expected a list of files for ${formatHubUri(address)} but received something else`, {
    hint: `${settings.endpoint} does not answer as a Hub does: check HF_ENDPOINT, proxy and firewall.`,
  });
}

interface Seen {
  readonly commit?: string | undefined;
  readonly etag?: string | undefined;
  readonly size?: number | undefined;
}

function collect(headers: Headers, seen: Seen): Seen {
  return {
    commit: headers.get('x-repo-commit') ?? seen.commit,
    etag: normalize(headers.get('x-linked-etag')) ?? seen.etag,
    size: byteCount(headers.get('x-linked-size')) ?? seen.size,
  };
}

function normalize(etag: string | null): string | undefined {
  return etag?.replace(/^W\//, '').replaceAll('"', '') || undefined;
}

function byteCount(header: string | null): number | undefined {
  const count = header !== null && /^\d+$/.test(header) ? Number(header) : undefined;
  return count !== undefined && Number.isSafeInteger(count) ? count : undefined;
}

function parseListing(text: string): Listing | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined; // an error page, or cut at the limit
  }
  const { sha, siblings } = (json ?? {}) as { sha?: unknown; siblings?: unknown };
  if (typeof sha !== 'string' || !isSafeName(sha) || !Array.isArray(siblings)) return undefined;
  const files = siblings.map((sibling: unknown) => (sibling as { rfilename?: unknown } | null)?.rfilename);
  return { commit: sha, files: files.filter((file): file is string => typeof file === 'string' && isSafePath(file)) };
}
