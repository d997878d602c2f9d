import { VitaminError } from '@vitamin-vlm/core';

/** Which addresses a server may fetch for its clients. */
export interface UrlRules {
  /** Origins, `https://images.example.org`; none by default, so that no client can make the server ask its own network. */
  readonly allowed: readonly string[];
  readonly maxBytes: number;
}

/** Milliseconds that another server may take. */
const PATIENCE = 10_000;

/**
 * Fetches a picture from an allowed origin, without following it elsewhere.
 *
 * @throws VitaminError `AUTH` for any other origin; `NETWORK` when it cannot be fetched, or is larger than allowed.
 */
export async function fetchPicture(url: string, { allowed, maxBytes }: UrlRules, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const origin = URL.canParse(url) ? new URL(url).origin : 'null';
  if (!allowed.includes(origin)) {
    throw new VitaminError(
      'AUTH',
      `Expected the bytes of a picture but received an address at ${origin}, which this server does not fetch`,
      {
        hint: 'Send the file as base64, or start the server with --allow-url for this origin.',
      },
    );
  }
  try {
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]) });
    if (!response.ok || !response.body) throw new Error(`status ${response.status}`);
    const parts: Uint8Array[] = [];
    let length = 0;
    for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
      length += part.length;
      if (length > maxBytes) throw new Error(`more than ${maxBytes} bytes`);
      parts.push(part);
    }
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  } catch (cause) {
    throw new VitaminError('NETWORK', `Expected a picture at ${url} but found: ${(cause as Error).message}`, { cause });
  }
}
