import { type ErrorCode, throwIfAborted, VitaminError } from '@vitamin-vlm/core';
import type { FinishReason } from '../generate/generate.ts';
import type { EngineRequest } from './vllm-requests.ts';

/** How a server is reached. */
export interface ServerOptions {
  /** For example `http://127.0.0.1:8000`; a trailing `/v1` is dropped. */
  readonly url: string;
  /** Sent as a bearer token. */
  readonly apiKey?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How an answer is received. */
export interface AskServerOptions extends ServerOptions {
  /** Told once, when the server says why its answer ended. */
  readonly onFinish?: ((reason: FinishReason) => void) | undefined;
}

/** The longest answer of a server that does not stream, and the longest line of one that does. */
const MAX_ANSWER = 16 * 2 ** 20;

/** What a server's refusal means, and what to do. The first that fits counts. */
const REFUSALS: readonly (readonly [pattern: RegExp, code: ErrorCode, hint: string])[] = [
  [/enable-prompt-embeds/u, 'UNSUPPORTED', 'Start the server with --enable-prompt-embeds.'],
  [/enable-mm-embeds/u, 'UNSUPPORTED', 'Start the server with --enable-mm-embeds --limit-mm-per-prompt \'{"image":0}\'.'],
  [/disable[-_]radix[-_]cache/u, 'UNSUPPORTED', 'Start the server with --disable-radix-cache.'],
  [/not multimodal/u, 'UNSUPPORTED', 'The served model reads text alone: send prompt_embeds instead of image_embeds.'],
  [/hidden[_ ](?:size|dimension)/u, 'WEIGHTS_MISMATCH', 'The projector was made for another language model than the one that is served.'],
  [/maximum context length/u, 'USAGE', 'Ask a shorter question, show fewer pictures, or serve the model with a longer --max-model-len.'],
  [/reserved placeholder/u, 'USAGE', 'The question holds a word that the server keeps for itself.'],
  [/does not exist|not found/iu, 'MODEL_UNKNOWN', 'Name a model that the server lists at /v1/models.'],
];

/**
 * Sends a request and gives the answer's text as it comes, streamed or not.
 *
 * @throws VitaminError `NETWORK` when the server cannot be reached or answers with something else; for its refusals `UNSUPPORTED` (a flag is missing, or the
 *   model does not take it), `WEIGHTS_MISMATCH` (hidden size), `USAGE` (context), `MODEL_UNKNOWN`, `AUTH`, else `RUNTIME`; `ABORTED`.
 * @example
 * ```ts
 * import { tensor } from '@vitamin-vlm/core';
 * import { askServer, promptEmbedsRequest } from '@vitamin-vlm/llava-bridge';
 * const options = { model: 'vicuna-7b-v1.5', maxTokens: 128, temperature: 0, stream: true };
 * const request = promptEmbedsRequest(tensor('float32', [18, 4096]), options);
 * for await (const text of askServer(request, { url: 'http://127.0.0.1:8000' })) process.stdout.write(text);
 * ```
 */
export async function* askServer(
  { path, body }: EngineRequest,
  { url, apiKey, signal, onFinish }: AskServerOptions,
): AsyncGenerator<string, void, undefined> {
  throwIfAborted(signal);
  const base = baseOf(url);
  const response = await reach(base, path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }) },
    body: JSON.stringify(body),
    signal: signal ?? null,
  });
  let reason: FinishReason | undefined;
  try {
    if (!response.ok) throw refusal(base, response.status, await textOf(response));
    const pieces = body['stream'] === true ? streamed(base, response) : wholeAnswer(response);
    let before = '';
    for await (const piece of pieces) {
      const text = answerOf(base, piece, before);
      reason = finishReasonOf(piece) ?? reason;
      before += text;
      if (text !== '' || body['stream'] !== true) yield text;
    }
  } catch (error) {
    throwIfAborted(signal);
    if (error instanceof VitaminError) throw error;
    throw new VitaminError('NETWORK', `Expected an answer from ${base} but the connection broke off or brought something else`, {
      cause: error,
    });
  }
  if (reason) onFinish?.(reason);
}

/**
 * The name of the first model that a server lists.
 *
 * @throws VitaminError `NETWORK` when the server cannot be reached, or lists none; `AUTH`, `RUNTIME` for its refusals; `ABORTED`.
 * @example
 * ```ts
 * import { servedModel } from '@vitamin-vlm/llava-bridge';
 * const model = await servedModel({ url: 'http://127.0.0.1:8000' });
 * ```
 */
export async function servedModel({ url, apiKey, signal }: ServerOptions): Promise<string> {
  const base = baseOf(url);
  const response = await reach(base, '/v1/models', {
    headers: apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` },
    signal: signal ?? null,
  });
  const text = await textOf(response);
  if (!response.ok) throw refusal(base, response.status, text);
  try {
    const { data } = JSON.parse(text) as { data?: readonly { id?: unknown }[] };
    const id = data?.[0]?.id;
    if (typeof id === 'string') return id;
  } catch {
    // Told below.
  }
  throw new VitaminError('NETWORK', `Expected a list of models from ${base}/v1/models but found something else`, {
    hint: "Name the model yourself, and check that the address is a language model's server.",
  });
}

function baseOf(url: string): string {
  return url.replace(/\/+$/u, '').replace(/\/v1$/u, '');
}

async function reach(base: string, path: string, init: RequestInit): Promise<Response> {
  return await fetch(base + path, init).catch((cause: unknown) => {
    throwIfAborted(init.signal ?? undefined);
    throw new VitaminError('NETWORK', `Expected a server at ${base} but could not reach it`, {
      hint: 'Check the address, and that the server is up.',
      cause,
    });
  });
}

/** An answer in one piece. */
async function* wholeAnswer(response: Response): AsyncGenerator<EngineAnswer, void, undefined> {
  yield JSON.parse(await textOf(response)) as EngineAnswer;
}

/** Server-sent events: lines that begin with `data:`. */
async function* streamed(base: string, response: Response): AsyncGenerator<EngineAnswer, void, undefined> {
  let rest = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    if (rest.length > MAX_ANSWER) throw tooLong(base);
    for (const line of lines) {
      const data = /^data:\s*(.*?)\s*$/u.exec(line)?.[1];
      if (data === undefined || data === '') continue;
      if (data === '[DONE]') return;
      yield JSON.parse(data) as EngineAnswer;
    }
  }
}

/** The text of an answer, or of a piece of one. SGLang sends all text so far each time: `before` is taken off. */
function answerOf(base: string, answer: EngineAnswer, before: string): string {
  const { choices, text, error } = answer;
  if (error) throw refusal(base, 200, JSON.stringify(answer));
  if (typeof text === 'string') return text.startsWith(before) ? text.slice(before.length) : text;
  const [choice] = choices ?? [];
  // The last piece may hold the usage alone.
  return choice?.text ?? choice?.delta?.content ?? choice?.message?.content ?? '';
}

/** Why the server says that its answer ended, in the words of OpenAI's routes or of SGLang's own. */
function finishReasonOf({ choices, meta_info: meta }: EngineAnswer): FinishReason | undefined {
  const reason = choices?.[0]?.finish_reason ?? meta?.finish_reason?.type;
  return reason === 'stop' || reason === 'length' ? reason : undefined;
}

/** An answer of vLLM or SGLang, or a piece of one; nothing of it is certain. */
interface EngineAnswer {
  readonly choices?: readonly Choice[];
  readonly text?: unknown;
  readonly error?: { readonly message?: unknown };
  readonly meta_info?: { readonly finish_reason?: { readonly type?: unknown } | null };
}

interface Choice {
  readonly finish_reason?: unknown;
  readonly text?: string;
  readonly delta?: { readonly content?: string | null };
  readonly message?: { readonly content?: string | null };
}

async function textOf(response: Response): Promise<string> {
  let text = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    if (text.length > MAX_ANSWER) throw tooLong(response.url);
  }
  return text;
}

function tooLong(base: string): VitaminError {
  return new VitaminError('NETWORK', `Expected an answer of at most ${MAX_ANSWER} characters from ${base} but received more`);
}

/** A server's refusal as a sentence. */
function refusal(base: string, status: number, body: string): VitaminError {
  const message = messageOf(body);
  const known = REFUSALS.find(([pattern]) => pattern.test(message));
  const code = known?.[1] ?? (status === 401 || status === 403 ? 'AUTH' : 'RUNTIME');
  return new VitaminError(code, `Expected an answer from ${base} but it refused (${status}): ${message}`, known ? { hint: known[2] } : {});
}

function messageOf(body: string): string {
  try {
    const { error, message } = JSON.parse(body) as { error?: { message?: string } | string; message?: string };
    return (typeof error === 'string' ? error : (error?.message ?? message)) ?? body.slice(0, 300);
  } catch {
    return body.slice(0, 300);
  }
}
