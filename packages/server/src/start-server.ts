import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { EMBEDDED_MODEL, type SessionsOptions } from '@vitamin-vlm/backbone';
import { VitaminError } from '@vitamin-vlm/core';
import { MAX_PIXELS } from '@vitamin-vlm/image';
import { createApp } from './http/app.ts';
import { isLoopback } from './http/guards.ts';
import { InferenceThread } from './inference/inference-thread.ts';
import type { ServedModels } from './inference/job.ts';
import { JobQueue } from './jobs/job-queue.ts';
import { version } from './version.ts';

/** How a server is made. Everything has a default. */
export interface ServeOptions {
  /** Default `127.0.0.1`: this machine alone. */
  readonly host?: string | undefined;
  /** Default 8080; 0 takes any free one. */
  readonly port?: number | undefined;
  /** Addresses by task. Default: the embedded model for everything that it can do. */
  readonly models?: ServedModels | undefined;
  /** CLIP model of detector and segmenter whose files hold none. */
  readonly tower?: string | undefined;
  /** Asked for as `Authorization: Bearer`. Default: none is needed. */
  readonly token?: string | undefined;
  /** Bytes of a request at most. Default 20 MiB. */
  readonly maxBody?: number | undefined;
  /** Requests that may wait; beyond it they are refused with 429. Default 64. */
  readonly queue?: number | undefined;
  /** Bound in bytes of pictures and of what was found in them. Default 512 MiB. */
  readonly cacheBytes?: number | undefined;
  /** Pixels of a picture at most. Default `MAX_PIXELS` of the image package. */
  readonly maxPixels?: number | undefined;
  /** Milliseconds until a request is given up. Default 60,000. */
  readonly deadline?: number | undefined;
  /** Origins that pictures may be fetched from, `https://images.example.org`. Default: none. */
  readonly allowUrls?: readonly string[] | undefined;
  readonly threads?: number | undefined;
  /** What computes. Default `cpu`. */
  readonly provider?: SessionsOptions['provider'];
  readonly cacheDir?: string | undefined;
  /** Is told about mistakes of the server, which clients are told no details of. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** A server that runs. */
export interface RunningServer extends AsyncDisposable {
  /** `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Takes no more requests, finishes what runs, and frees the models. */
  close(): Promise<void>;
}

const MiB = 2 ** 20;

/**
 * Serves boxes, masks, labels, embeddings and answers over HTTP.
 *
 * @throws VitaminError `USAGE` when the port is taken or the host is none of this machine's.
 * @example
 * ```ts
 * import { startServer } from '@vitamin-vlm/server';
 * await using server = await startServer({ port: 0 });
 * const response = await fetch(`${server.url}/healthz`);
 * console.log(await response.json());
 * ```
 */
export async function startServer(options: ServeOptions = {}): Promise<RunningServer> {
  const {
    host = '127.0.0.1',
    port = 8080,
    tower,
    token,
    maxBody = 20 * MiB,
    allowUrls = [],
    threads,
    provider,
    cacheDir,
    deadline = 60_000,
  } = options;
  const models = options.models ?? { clip: EMBEDDED_MODEL, detect: EMBEDDED_MODEL, segment: EMBEDDED_MODEL };
  const { cacheBytes = 512 * MiB, maxPixels = MAX_PIXELS } = options;
  const thread = new InferenceThread({ models, tower, threads, provider, cacheDir, cacheBytes, maxPixels });
  const queue = new JobQueue(options.queue ?? 64);
  const parts = { thread, queue, models, deadline, urls: { allowed: allowUrls, maxBytes: maxBody } };
  const onError = options.onError ?? (() => undefined);
  const app = createApp(parts, { token, maxBody, onLoopback: isLoopback(host), version, onError });
  // Limits of Node against clients that send a byte a second.
  const server = createServer({ headersTimeout: 20_000, requestTimeout: 60_000 }, getRequestListener(app.fetch));
  await listen(server, host, port);
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const ended = new Promise((resolve) => server.close(resolve));
    await queue.drain();
    server.closeIdleConnections();
    await thread[Symbol.asyncDispose]();
    server.closeAllConnections();
    await ended;
  };
  const end = (): Promise<void> => (closing ??= close());
  return { url: urlOf(server), close: end, [Symbol.asyncDispose]: end };
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const reason = cause.code === 'EADDRINUSE' ? 'it is taken' : cause.message;
      reject(
        new VitaminError('USAGE', `Expected to listen on ${host}:${port} but ${reason}`, {
          cause,
          hint: 'Choose another --port; 0 takes any free one.',
        }),
      );
    });
    server.listen(port, host, resolve);
  });
}

function urlOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
