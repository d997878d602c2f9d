import { throwIfAborted, VitaminError } from '@vitamin-vlm/core';
import { formatHubUri, type HubAddress } from './address.ts';
import { Transient } from './retry.ts';
import type { HubSettings } from './settings.ts';

const mostRedirects = 10;

/** One question to the Hub. */
export interface HubRequest {
  readonly method: 'GET' | 'HEAD';
  readonly url: string;
  /** What the request is about, for messages. */
  readonly address: HubAddress;
  readonly headers?: Readonly<Record<string, string>>;
  /** Fires on the user's abort and on silence; `userSignal` tells the two apart. */
  readonly signal: AbortSignal;
  readonly userSignal: AbortSignal | undefined;
  /** Sees each redirect's headers, who sent it and where it leads; returns true when it has seen enough and the redirect need not be followed. */
  readonly onRedirect?: (headers: Headers, from: URL, to: URL | undefined) => boolean;
  /** Sees the headers of an answer that will be thrown as an error. */
  readonly onRefusal?: (headers: Headers) => void;
  /** A status that is returned like a success. */
  readonly acceptStatus?: number;
}

/**
 * One request with its redirects. The token goes to the endpoint's origin only, whatever a redirect says; a redirect never leads from
 * https to plain http. Throws Transient for what may pass, VitaminError for what will not.
 */
export async function hubRequest(settings: HubSettings, request: HubRequest): Promise<Response> {
  let url = new URL(request.url);
  for (let hop = 0; hop <= mostRedirects; hop++) {
    const response = await send(settings, request, url);
    const location = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null;
    if (location === null) {
      if (response.ok || response.status === request.acceptStatus) return response;
      await response.body?.cancel();
      request.onRefusal?.(response.headers);
      throw refusal(response, url, settings, request.address);
    }
    await response.body?.cancel();
    if (request.onRedirect?.(response.headers, url, URL.canParse(location, url.href) ? new URL(location, url) : undefined)) return response;
    url = redirectTarget(url, location, request.address);
  }
  throw new VitaminError('NETWORK', `Expected at most ${mostRedirects} redirects for ${formatHubUri(request.address)} but received more`);
}

/** A failure of fetch or of a body being read, as the error to throw: `ABORTED` if the user wanted it, else Transient. */
function connectionFailure(error: unknown, userSignal: AbortSignal | undefined, address: HubAddress): unknown {
  if (error instanceof VitaminError || error instanceof Transient) return error;
  throwIfAborted(userSignal);
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const detail = cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : String(cause);
  return new Transient(
    new VitaminError('NETWORK', `Expected an answer from the Hub for ${formatHubUri(address)} but the connection failed: ${detail}`, {
      hint: 'Check the network and HF_ENDPOINT; run the same command again to go on where it stopped.',
      cause: error,
    }),
  );
}

/** The chunks of a body. Each one calms the watchdog; a failure comes as `connectionFailure` words it. */
export async function* readBody(
  response: Response,
  watch: Watchdog,
  userSignal: AbortSignal | undefined,
  address: HubAddress,
): AsyncGenerator<Uint8Array> {
  const body: AsyncIterator<Uint8Array> | undefined = response.body?.[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await body?.next().catch((error: unknown) => {
        throw connectionFailure(error, userSignal, address);
      });
      if (next === undefined || next.done) return;
      watch.beat(next.value.length);
      yield next.value;
    }
  } finally {
    await body?.return?.().catch(() => undefined); // a reader that stops early closes the connection
  }
}

/** The least that a server must send: fewer bytes than this in a stretch of time are no download but a connection that is kept busy. */
const LEAST: Pace = { bytes: 60_000, milliseconds: 60_000 };

/** Bytes in a stretch of time. */
export interface Pace {
  readonly bytes: number;
  readonly milliseconds: number;
}

/**
 * An abort signal that fires when `beat` was not called for some milliseconds, when the bytes it was told of came too slowly for a minute, or when the user's
 * signal fires.
 */
export function watchdog(milliseconds: number, userSignal: AbortSignal | undefined, least: Pace = LEAST): Watchdog {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(new Error(`no data for ${milliseconds / 1000} s`)), milliseconds);
  let [since, bytes] = [performance.now(), 0];
  return {
    signal: userSignal ? AbortSignal.any([userSignal, silence.signal]) : silence.signal,
    beat: (more) => {
      timer.refresh();
      bytes += more;
      if (performance.now() - since < least.milliseconds) return;
      if (bytes < least.bytes) silence.abort(tooSlow(bytes, least));
      [since, bytes] = [performance.now(), 0];
    },
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}

/** Not Transient: asking again would bring another byte a second. */
function tooSlow(bytes: number, least: Pace): VitaminError {
  const seconds = least.milliseconds / 1000;
  return new VitaminError('NETWORK', `Expected at least ${least.bytes} bytes in ${seconds} s from the Hub but received ${bytes}`, {
    hint: 'Run the same command again on a better connection: it goes on where it stopped.',
  });
}

/** Made by `watchdog`; disposing stops its clock. */
export interface Watchdog extends Disposable {
  readonly signal: AbortSignal;
  beat(bytes: number): void;
}

async function send(settings: HubSettings, request: HubRequest, url: URL): Promise<Response> {
  const headers: Record<string, string> = { 'accept-encoding': 'identity', 'user-agent': 'vitamin-vlm', ...request.headers };
  if (settings.token !== undefined && url.origin === new URL(settings.endpoint).origin) {
    headers['authorization'] = `Bearer ${settings.token}`;
  }
  try {
    return await settings.fetch(url, { method: request.method, headers, redirect: 'manual', signal: request.signal });
  } catch (error) {
    throw connectionFailure(error, request.userSignal, request.address);
  }
}

function redirectTarget(from: URL, location: string, address: HubAddress): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  const allowed = to !== undefined && (to.protocol === 'https:' || (to.protocol === 'http:' && from.protocol === 'http:'));
  if (!allowed) {
    const shown = JSON.stringify(location.slice(0, 200));
    throw new VitaminError('NETWORK', `Expected a redirect to https for ${formatHubUri(address)} but received ${shown}`);
  }
  return to;
}

/** The error for an answer that is neither success nor redirect. Statuses and X-Error-Code as the Hub uses them. */
function refusal(response: Response, url: URL, settings: HubSettings, address: HubAddress): VitaminError | Transient {
  const { status } = response;
  const atHub = url.origin === new URL(settings.endpoint).origin;
  const found = `${status}${remark(response.headers)}`;
  const uri = formatHubUri(address);
  if (atHub && (status === 401 || status === 403)) {
    return new VitaminError('AUTH', `Expected access to ${uri} but received ${found}`, {
      hint: `Check the name (the Hub answers 401 for unknown repositories too), ask for access at ${settings.endpoint}/${address.repo}, and set HF_TOKEN.`,
    });
  }
  if (atHub && (status === 404 || status === 410)) {
    return new VitaminError('MODEL_UNKNOWN', `Expected ${uri} on the Hub but received ${found}`, {
      hint: `See ${settings.endpoint}/${address.repo}/tree/${address.revision} for what there is.`,
    });
  }
  const error = new VitaminError('NETWORK', `Expected ${uri} from ${url.host} but received ${found}`, {
    hint: 'The server refuses or is overloaded; try again later.',
  });
  // 403 from a storage host is a signed link that ran out: asking the Hub again gives a fresh one.
  const passing = status === 408 || status === 429 || status >= 500 || (!atHub && status === 403);
  return passing ? new Transient(error, retryAfter(response.headers)) : error;
}

/** The server's own words, shortened and without control characters. */
function remark(headers: Headers): string {
  const text = headers.get('x-error-message') ?? headers.get('x-error-code');
  return text === null ? '' : ` (${text.replace(/[^\x20-\x7e]/g, '?').slice(0, 200)})`;
}

function retryAfter(headers: Headers): number | undefined {
  const value = headers.get('retry-after');
  if (value === null) return undefined;
  const milliseconds = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : undefined;
}
