import { VitaminError } from '@vitamin-vlm/core';

/** A place on the Hub: `hf:org/name[@revision][/file]`. */
export interface HubAddress {
  /** `org/name`. */
  readonly repo: string;
  /** Branch, tag, `refs/pr/N` or commit hash; `main` unless given. */
  readonly revision: string;
  /** Path inside the repository with `/` between its parts; absent = the repository's weights. */
  readonly file?: string;
}

/** An address that names its file. */
export type FileAddress = HubAddress & { readonly file: string };

const uriForm = 'hf:org/name[@revision][/file]';
const longestPath = 1024;

/**
 * Parses `hf:org/name[@revision][/file]` (`hf://...` is the same). A revision with a slash is written with `%2F`, except
 * `refs/pr/N` and `refs/convert/X`, which are understood as they stand.
 *
 * @throws VitaminError `USAGE` when the form is wrong or a path could leave the cache (`..`, absolute, backslash, NUL).
 * @example
 * ```ts
 * import { parseHubUri } from '@vitamin-vlm/checkpoint';
 * parseHubUri('hf:org/name@v1/weights/model.safetensors'); // { repo: 'org/name', revision: 'v1', file: 'weights/model.safetensors' }
 * ```
 */
export function parseHubUri(uri: string): HubAddress {
  const match = /^hf:(?:\/\/)?([^/@]+\/[^/@]+)(?:@(refs\/(?:pr|convert)\/[^/]+|[^/]+))?(?:\/(.*))?$/s.exec(uri);
  if (!match) throw new VitaminError('USAGE', `Expected ${uriForm} but received ${JSON.stringify(uri)}`);
  const repo = checkRepo(match[1]!, uri);
  const revision = checkPath(decodeRevision(match[2] ?? 'main', uri), 'revision');
  const file = match[3];
  return file === undefined || file === '' ? { repo, revision } : { repo, revision, file: checkPath(file, 'file') };
}

/** The shortest `hf:` form of an address: what a user would type. */
export function formatHubUri(address: HubAddress): string {
  const revision = /^refs\/(pr|convert)\/[^/]+$/.test(address.revision) ? address.revision : encodeURIComponent(address.revision);
  const at = address.revision === 'main' ? '' : `@${revision}`;
  return `hf:${address.repo}${at}${address.file === undefined ? '' : `/${address.file}`}`;
}

/** True for a full commit hash: the only revision that can never move. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

/**
 * True for a relative path that cannot leave the folder it is joined to, under the rules of POSIX and of Windows alike. Control characters,
 * the backslash and the colon (drives, alternate streams) have no place in a portable file name.
 */
export function isSafePath(path: string): boolean {
  // oxlint-disable-next-line no-control-regex -- NUL and its kin are what this test is for
  const strange = /[\u0000-\u001f\u007f\\:]/.test(path);
  return !strange && path.length <= longestPath && !path.split('/').some((part) => part === '' || part === '.' || part === '..');
}

function checkPath(path: string, what: string): string {
  if (isSafePath(path)) return path;
  const shown = JSON.stringify(path.slice(0, 200));
  throw new VitaminError('USAGE', `Expected a relative ${what} without "..", "\\" or ":" but received ${shown}`);
}

/** The Hub's own rule: word characters, `-` and `.`, at most 96, no `--` (the cache's separator), no `..`, no `.git` at the end. */
function checkRepo(repo: string, uri: string): string {
  const named = /^\w(?:[\w.-]*\w)?\/\w(?:[\w.-]*\w)?$/.test(repo);
  if (!named || repo.length > 96 || /--|\.\.|\.git$/.test(repo)) {
    throw new VitaminError('USAGE', `Expected ${uriForm} with a valid org/name but received ${JSON.stringify(uri)}`);
  }
  return repo;
}

function decodeRevision(revision: string, uri: string): string {
  try {
    return decodeURIComponent(revision);
  } catch (cause) {
    throw new VitaminError('USAGE', `Expected a percent-encoded revision but received ${JSON.stringify(uri)}`, { cause });
  }
}
