import createClient from 'openapi-fetch';
import type { Readable } from 'openapi-typescript-helpers';
import type { paths, components } from './schema.gen.ts';

/** Answers, whose boxes are lists of four numbers. */
export type Detections = Readable<components['schemas']['DetectResponse']>;
export type Segments = Readable<components['schemas']['SegmentResponse']>;

/** What went wrong, in the server's words. */
export class ServerError extends Error {
  readonly code: string;
  readonly hint: string | undefined;

  constructor(code: string, message: string, hint?: string) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

/** A token is given to the page as `#token=...`, so that no server log sees it; it lives as long as the tab. */
function token(): string | undefined {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given) sessionStorage.setItem('token', given);
  return sessionStorage.getItem('token') ?? undefined;
}

function headers(): Record<string, string> {
  const secret = token();
  return secret === undefined ? {} : { authorization: `Bearer ${secret}` };
}

const client = createClient<paths>({ baseUrl: '.' });

/** One request. Its words are those of the server; where there is none, ours. */
async function answered<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await call.catch((cause: unknown) => {
    if ((cause as Error).name === 'AbortError') throw cause;
    throw new ServerError('NETWORK', 'The server cannot be reached.', 'Is vitamin serve still running?');
  });
  if (data !== undefined) return data;
  const told = (error as { error?: { code?: string; message?: string; hint?: string } } | undefined)?.error;
  throw new ServerError(told?.code ?? 'NETWORK', told?.message ?? `The server answered ${response.status}.`, told?.hint);
}

/** A picture: its file as base64, or the key of one that the server has. */
export type Source = { image: string } | { key: string };

/** Words that were asked. */
export interface Question {
  readonly labels: string[];
  readonly things: string[];
  readonly stuff: string[];
}

export function detect(source: Source, { labels }: Question, signal: AbortSignal): Promise<Detections> {
  return answered(client.POST('/v1/detect', { body: { ...source, labels, score: 0.05 }, headers: headers(), signal }));
}

export function segment(source: Source, { labels, things, stuff }: Question, signal: AbortSignal): Promise<Segments> {
  return answered(client.POST('/v1/segment', { body: { ...source, labels, things, stuff }, headers: headers(), signal }));
}

/** The answer to a question, piece by piece. */
export async function* ask(source: Source, question: string, signal: AbortSignal): AsyncGenerator<string> {
  const body = JSON.stringify({ ...source, question, stream: true });
  const call = fetch('./v1/ask', { method: 'POST', headers: { 'content-type': 'application/json', ...headers() }, body, signal });
  const response = await call.catch((cause: unknown) => {
    if ((cause as Error).name === 'AbortError') throw cause;
    throw new ServerError('NETWORK', 'The server cannot be reached.', 'Is vitamin serve still running?');
  });
  if (!response.ok || !response.body) {
    const { error } = (await response.json()) as { error: { code: string; message: string; hint?: string } };
    throw new ServerError(error.code, error.message, error.hint);
  }
  let rest = '';
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    const events = (rest + next.value).split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      const data = event.replace(/^data: /u, '');
      if (data === '[DONE]') return;
      const { text, error } = JSON.parse(data) as { text?: string; error?: { code: string; message: string; hint?: string } };
      if (error) throw new ServerError(error.code, error.message, error.hint);
      if (text !== undefined) yield text;
    }
  }
}
