import { VitaminError } from '@vitamin-vlm/core';
import type { InferTensor } from './infer-tensor.ts';
import { decodeResponse, encodeRequest, HEADER_LENGTH, type InferResponse } from './message.ts';

/** A tensor that a model takes or gives; -1 in a shape is any extent. */
export interface TensorMetadata {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

/** What a server says about a model. */
export interface ModelMetadata {
  readonly name: string;
  readonly versions?: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

/** What a server says about itself. */
export interface ServerMetadata {
  readonly name: string;
  readonly version: string;
  readonly extensions: readonly string[];
}

/** How a server is reached. */
export interface ClientOptions {
  /** Sent as `Authorization: Bearer`. */
  readonly token?: string | undefined;
  /** Milliseconds until a call is given up. Default 60,000. */
  readonly timeout?: number | undefined;
}

/** How an inference is asked for. */
export interface InferOptions {
  readonly version?: string | undefined;
  readonly id?: string | undefined;
  /** Names of the outputs that are wanted. Default: all. */
  readonly outputs?: readonly string[] | undefined;
  /** Tensors as JSON instead of binary data, for servers without the extension. Default false. */
  readonly json?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Speaks the Open Inference Protocol v2 over HTTP with a Triton, a KServe, or `vitamin serve`
 * (https://github.com/kserve/open-inference-protocol, with Triton's binary tensor extension).
 *
 * @example
 * ```ts
 * import { InferenceClient, textTensor } from '@vitamin-vlm/oip-client';
 * const client = new InferenceClient('http://127.0.0.1:8080');
 * const { outputs } = await client.infer('text-tower', { text: textTensor(['a sheep', 'a truck']) });
 * console.log(outputs['embedding']?.shape);
 * ```
 */
export class InferenceClient {
  readonly #base: string;
  readonly #options: ClientOptions;

  /** @param url - Without `/v2`. @throws VitaminError `USAGE` for no http(s) URL. */
  constructor(url: string, options: ClientOptions = {}) {
    if (!URL.canParse(url) || !/^https?:$/u.test(new URL(url).protocol)) {
      throw new VitaminError('USAGE', `Expected the http(s) URL of a server but received ${url}`);
    }
    this.#base = url.replace(/\/+$/u, '');
    this.#options = options;
  }

  /** Whether the server answers at all. @throws VitaminError `NETWORK` when it cannot be reached. */
  async isLive(): Promise<boolean> {
    return (await this.#fetch('/v2/health/live')).ok;
  }

  /** Whether the server, or a model, takes work. @throws VitaminError `NETWORK` when it cannot be reached. */
  async isReady(model?: string): Promise<boolean> {
    return (await this.#fetch(model === undefined ? '/v2/health/ready' : `${modelPath(model)}/ready`)).ok;
  }

  /** @throws VitaminError as `infer`. */
  async server(): Promise<ServerMetadata> {
    return (await (await this.#ask('/v2')).json()) as ServerMetadata;
  }

  /** What a model takes and gives. @throws VitaminError as `infer`. */
  async model(name: string, version?: string): Promise<ModelMetadata> {
    return (await (await this.#ask(modelPath(name, version))).json()) as ModelMetadata;
  }

  /**
   * Runs a model.
   *
   * @throws VitaminError `USAGE` with the server's own words when it refuses; `NETWORK` when it cannot be reached or fails; `AUTH` without the right token; `INPUT_UNREADABLE` for
   *   an answer that is none; `ABORTED`.
   */
  async infer(model: string, inputs: Readonly<Record<string, InferTensor>>, options: InferOptions = {}): Promise<InferResponse> {
    const { version, id, outputs, json = false, signal } = options;
    const wanted = outputs?.map((name) => ({ name, binary: !json }));
    const { body, headerLength } = encodeRequest({ id, inputs, outputs: wanted, binaryOutputs: !json && !wanted }, { json });
    const headers = {
      'content-type': headerLength === undefined ? 'application/json' : 'application/octet-stream',
      ...(headerLength === undefined ? {} : { [HEADER_LENGTH]: String(headerLength) }),
    };
    const response = await this.#ask(`${modelPath(model, version)}/infer`, { method: 'POST', headers, body, signal: signal ?? null });
    const length = response.headers.get(HEADER_LENGTH);
    return decodeResponse(new Uint8Array(await response.arrayBuffer()), length === null ? undefined : Number(length));
  }

  async #ask(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await this.#fetch(path, init);
    if (response.ok) return response;
    const said = await response.text();
    const code = response.status === 401 || response.status === 403 ? 'AUTH' : response.status < 500 ? 'USAGE' : 'NETWORK';
    throw new VitaminError(code, `Expected an answer of ${this.#base}${path} but it said ${response.status}: ${errorIn(said)}`);
  }

  async #fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const { token, timeout = 60_000 } = this.#options;
    const limit = AbortSignal.timeout(timeout);
    const signal = init.signal ? AbortSignal.any([init.signal, limit]) : limit;
    const headers = { ...(init.headers as Record<string, string>), ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
    try {
      return await fetch(`${this.#base}${path}`, { ...init, headers, signal });
    } catch (cause) {
      if (init.signal?.aborted) throw new VitaminError('ABORTED', 'Aborted on request', { cause });
      const reason = limit.aborted ? `none within ${timeout} ms` : reasonOf(cause);
      throw new VitaminError('NETWORK', `Expected an answer of ${this.#base} but found ${reason}`, {
        cause,
        hint: 'Is the server started, and is this its address?',
      });
    }
  }
}

function modelPath(name: string, version?: string): string {
  return `/v2/models/${encodeURIComponent(name)}${version === undefined ? '' : `/versions/${encodeURIComponent(version)}`}`;
}

/** `{"error": "..."}` is what the protocol has for failures. */
function errorIn(body: string): string {
  try {
    const { error } = JSON.parse(body) as { error?: unknown };
    if (typeof error === 'string') return error;
  } catch {
    // Not JSON: as it stands.
  }
  return body.slice(0, 500);
}

function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: string; message?: string } };
  return cause?.code ?? cause?.message ?? (error as Error).message;
}
