import { homeFolder, VitaminError, type WorkOptions } from '@vitamin-vlm/core';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** Options of everything that reads the Hub or its cache. What is absent comes from the `HF_*` variables, then from the defaults. */
export interface HubOptions extends WorkOptions {
  /** The cache folder itself (`.../huggingface/hub`). Else HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME/hub, XDG_CACHE_HOME/huggingface/hub. */
  readonly cacheDir?: string | undefined;
  /** Make no request. Else HF_HUB_OFFLINE. */
  readonly offline?: boolean | undefined;
  /** Base address of the Hub. Else HF_ENDPOINT, else https://huggingface.co. Plain http only as given here or there. */
  readonly endpoint?: string | undefined;
  /** Sent to the endpoint's own origin and nowhere else; `false` sends none. Else HF_TOKEN, else the file that `hf auth login` writes. */
  readonly token?: string | false | undefined;
  /** Download again even when the file is cached. */
  readonly force?: boolean | undefined;
  /** Replaces Node's fetch, for proxies and private certificates. */
  readonly fetch?: typeof globalThis.fetch | undefined;
}

/** Options with every default filled in. */
export interface HubSettings {
  readonly cacheDir: string;
  readonly offline: boolean;
  /** Without a slash at the end. */
  readonly endpoint: string;
  readonly token: string | undefined;
  readonly force: boolean;
  readonly fetch: typeof globalThis.fetch;
  /** Longest wait for an answer to a question, milliseconds. */
  readonly etagTimeout: number;
  /** Longest silence during a download, milliseconds. */
  readonly downloadTimeout: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The folder where Python's huggingface_hub and this package keep what they downloaded.
 *
 * @example
 * ```ts
 * import { hubCacheDir } from '@vitamin-vlm/checkpoint';
 * console.log(hubCacheDir()); // /home/me/.cache/huggingface/hub
 * ```
 */
export function hubCacheDir(env: Environment = process.env): string {
  return expand(set(env['HF_HUB_CACHE']) ?? set(env['HUGGINGFACE_HUB_CACHE']) ?? join(hubHome(env), 'hub'), env);
}

/** Options, then environment, then defaults. `USAGE` for an endpoint that is no http(s) address, and for `force` without network. */
export async function hubSettings(options: HubOptions, env: Environment = process.env): Promise<HubSettings> {
  const offline = options.offline ?? (isTrue(env['HF_HUB_OFFLINE']) || isTrue(env['TRANSFORMERS_OFFLINE']));
  if (offline && options.force) throw new VitaminError('USAGE', 'Expected either force or offline but received both');
  return {
    cacheDir: options.cacheDir === undefined ? hubCacheDir(env) : resolve(options.cacheDir),
    offline,
    endpoint: checkEndpoint(options.endpoint ?? set(env['HF_ENDPOINT']) ?? 'https://huggingface.co'),
    token: checkToken(options.token === undefined ? await impliedToken(env) : options.token || undefined),
    force: options.force ?? false,
    fetch: options.fetch ?? globalThis.fetch,
    etagTimeout: milliseconds(env['HF_HUB_ETAG_TIMEOUT']),
    downloadTimeout: milliseconds(env['HF_HUB_DOWNLOAD_TIMEOUT']),
  };
}

function hubHome(env: Environment): string {
  return expand(set(env['HF_HOME']) ?? join(set(env['XDG_CACHE_HOME']) ?? join(homeFolder(), '.cache'), 'huggingface'), env);
}

/** As Python: HF_TOKEN, its older name, then the file of the login command. */
async function impliedToken(env: Environment): Promise<string | undefined> {
  if (isTrue(env['HF_HUB_DISABLE_IMPLICIT_TOKEN'])) return undefined;
  const given = set(env['HF_TOKEN']) ?? set(env['HUGGING_FACE_HUB_TOKEN']);
  if (given !== undefined) return given;
  const file = expand(set(env['HF_TOKEN_PATH']) ?? join(hubHome(env), 'token'), env);
  return set(await readFile(file, 'utf8').catch(() => undefined)); // no login file: go without a token
}

/** A token that cannot stand in a header would fail late and look like a network error. */
function checkToken(token: string | undefined): string | undefined {
  if (token === undefined || /^[\x21-\x7e]+$/.test(token)) return token;
  throw new VitaminError('AUTH', 'Expected a Hub token of printable ASCII characters but received others', {
    hint: 'Check HF_TOKEN or the file that `hf auth login` wrote.',
  });
}

function checkEndpoint(endpoint: string): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '') {
    throw new VitaminError('USAGE', `Expected an http(s) address as Hub endpoint but received ${JSON.stringify(endpoint)}`);
  }
  return endpoint.replace(/\/+$/, '');
}

/** `~`, `$NAME` and `${NAME}`, as Python's expanduser and expandvars read them. */
function expand(path: string, env: Environment): string {
  const home = path.replace(/^~(?=$|[/\\])/, () => homeFolder());
  return resolve(home.replace(/\$(?:(\w+)|\{(\w+)\})/g, (text, bare?: string, braced?: string) => env[bare ?? braced ?? ''] ?? text));
}

/** Seconds in the variable; 10 unless it holds a positive number, as in Python. */
function milliseconds(value: string | undefined): number {
  const seconds = Number(value);
  return (seconds > 0 && seconds < 86_400 ? seconds : 10) * 1000;
}

function set(value: string | undefined): string | undefined {
  return value?.trim() || undefined;
}

function isTrue(value: string | undefined): boolean {
  return /^(1|on|yes|true)$/i.test(value?.trim() ?? '');
}
