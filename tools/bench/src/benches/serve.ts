import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Backbone, classifyEncoding } from '@vitamin-vlm/backbone';
import type { Setting } from '../bench.ts';
import type { Figure } from '../figure.ts';
import { drive, type Load, quantile } from '../load.ts';
import { median } from '../paired.ts';

const CLIENTS = [1, 16, 200];
/** Of each client count, and of the loop beside it. */
const REQUESTS = 400;
/** For the figure about memory. */
const MANY = 20_000;
/** Clients beyond the server's queue. */
const QUEUE = 64;

interface Served extends AsyncDisposable {
  readonly url: string;
  /** Resident bytes. */
  readonly memory: () => Promise<number>;
}

/** The embedded model behind HTTP, beside the same calls in a loop in this process. */
export async function serveBench({ threads }: Setting): Promise<Figure[]> {
  const bytes = await readFile(fileURLToPath(new URL('../../../first-run/pictures/farm.png', import.meta.url)));
  await using backbone = await Backbone.load('nano', { threads });
  await using server = await serve(threads, Math.max(...CLIENTS), 64);
  const work = [encoding(bytes, backbone, server), await newWords(bytes, backbone, server)];
  const figures: Figure[] = [];
  for (const { what, ask, alone } of work) {
    for (let i = 0; i < 20; i++) await Promise.all([ask(), alone()]); // models load, kernels are chosen
    for (const clients of CLIENTS) figures.push(await against(what, clients, ask, alone));
  }
  figures.push(await healthUnderLoad(server, work[0]!.ask), await memory(server, work[1]!.ask), await overload(threads, bytes));
  return figures;
}

/** One kind of question: to the server, and as a call. */
interface Work {
  readonly what: string;
  readonly ask: () => Promise<number>;
  readonly alone: () => Promise<unknown>;
}

function encoding(bytes: Uint8Array, backbone: Backbone, { url }: Served): Work {
  let count = 0;
  return {
    what: 'pictures of 384 x 288 to vectors',
    ask: () => post(url, 'encode', { image: unlike(bytes, count++).toString('base64') }),
    alone: () => backbone.encodeImage(unlike(bytes, count++)),
  };
}

async function newWords(bytes: Uint8Array, backbone: Backbone, { url }: Served): Promise<Work> {
  const image = Buffer.from(bytes).toString('base64');
  const response = await fetch(`${url}/v1/classify`, { method: 'POST', body: JSON.stringify({ image, labels: ['sheep'] }) });
  const { key } = (await response.json()) as { key: string };
  const encoded = await backbone.encodeImage(bytes);
  let count = 0;
  const unseen = Date.now().toString(36); // words of earlier runs lie in the cache on disk
  const labels = (): string[] => ['sheep', `thing ${unseen} ${count++}`];
  return {
    what: 'two labels, one of them new, of a picture that is known',
    ask: () => post(url, 'classify', { key, labels: labels() }),
    alone: async () => classifyEncoding(encoded, await backbone.vocabulary(labels())),
  };
}

/** The picture with other bytes: what follows the end of a PNG is not read, and nothing is known of such a file. */
function unlike(bytes: Uint8Array, count: number): Buffer {
  const tail = Buffer.alloc(8);
  tail.writeDoubleLE(count);
  return Buffer.concat([bytes, tail]);
}

async function post(url: string, route: string, body: object): Promise<number> {
  const response = await fetch(`${url}/v1/${route}`, { method: 'POST', body: JSON.stringify(body) });
  await response.arrayBuffer();
  return response.status;
}

/** In thirds that alternate, so that whatever else the machine does meets both. */
async function against(what: string, clients: number, ask: Work['ask'], alone: Work['alone']): Promise<Figure> {
  const [ours, peers]: [Load[], Load[]] = [[], []];
  for (let part = 0; part < 3; part++) {
    ours.push(await drive(clients, REQUESTS / 3, ask));
    peers.push(await drive(1, REQUESTS / 3, async () => (await alone(), 200)));
  }
  const speed = median(ours.map(({ perSecond }) => perSecond));
  const peer = median(peers.map(({ perSecond }) => perSecond));
  const ratio = median(ours.map(({ perSecond }, i) => perSecond / peers[i]!.perSecond));
  const [p50, p99] = [median(ours.map((one) => one.p50)), Math.max(...ours.map((one) => one.p99))];
  return {
    bench: 'serve',
    what: `${what}, ${clients} ${clients === 1 ? 'client' : 'clients'}`,
    unit: 'requests/s',
    ours: speed,
    peerName: 'calls in a loop',
    peer,
    ratio,
    ...(clients === 16 && { target: { on: 'ratio', bound: 'at least', value: 0.9 } as const }),
    note: `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`,
  };
}

/** How long whoever starts the server waits for its word while 16 clients keep it busy. */
async function healthUnderLoad({ url }: Served, ask: Work['ask']): Promise<Figure> {
  const health = async (): Promise<number> => {
    const start = performance.now();
    await (await fetch(`${url}/healthz`)).arrayBuffer();
    return performance.now() - start;
  };
  const [idle, busy]: [number[], number[]] = [[], []];
  for (let i = 0; i < 100; i++) idle.push(await health());
  const state = { ended: false };
  const load = drive(16, REQUESTS, ask).finally(() => (state.ended = true));
  while (!state.ended) {
    busy.push(await health());
    await setTimeout(10);
  }
  await load;
  return {
    bench: 'serve',
    what: '/healthz while 16 clients send pictures, the slowest but one in a hundred',
    unit: 'ms',
    ours: quantile(busy, 0.99),
    peerName: 'the same without load',
    peer: quantile(idle, 0.99),
    ratio: quantile(busy, 0.99) / quantile(idle, 0.99),
    target: { on: 'ours', bound: 'at most', value: 50 },
    note: `${busy.length} times, half within ${median(busy).toFixed(1)} ms`,
  };
}

async function memory(server: Served, ask: Work['ask']): Promise<Figure> {
  const thirds: number[] = [];
  let refused = 0;
  for (let third = 0; third < 3; third++) {
    refused += (await drive(16, MANY / 3, ask)).refused;
    thirds.push(await server.memory());
  }
  return {
    bench: 'serve',
    what: `resident memory of the server after ${MANY} requests with new words`,
    unit: 'MB',
    ours: thirds[2]! / 1e6,
    peerName: 'after two thirds of them',
    peer: thirds[1]! / 1e6,
    ratio: thirds[2]! / thirds[1]!,
    target: { on: 'ratio', bound: 'at most', value: 1.03 },
    note: `${(thirds[0]! / 1e6).toFixed(0)} MB after a third; ${refused} refused`,
  };
}

/** 200 clients that ask again at once when they are refused, beside 16 of them. */
async function overload(threads: number, bytes: Uint8Array): Promise<Figure> {
  await using server = await serve(threads, QUEUE, 64);
  let count = 0;
  const ask = (): Promise<number> => post(server.url, 'encode', { image: unlike(bytes, count++).toString('base64') });
  await drive(16, 40, ask);
  const few = await drive(16, REQUESTS, ask);
  const seen = { answered: 0 };
  const polite = async (): Promise<number> => {
    const status = await ask();
    if (status === 429) await setTimeout(100);
    else seen.answered++;
    return status;
  };
  const start = performance.now();
  let refused = 0;
  while (seen.answered < REQUESTS) refused += (await drive(200, 400, polite)).refused;
  const perSecond = seen.answered / ((performance.now() - start) / 1000);
  return {
    bench: 'serve',
    what: `200 clients where ${QUEUE} may wait, who come again after 100 ms: pictures that are answered`,
    unit: 'requests/s',
    ours: perSecond,
    peerName: '16 clients',
    peer: few.perSecond,
    ratio: perSecond / few.perSecond,
    target: { on: 'ratio', bound: 'at least', value: 0.8 },
    note: `${seen.answered} answered, ${refused} refused with 429, none lost`,
  };
}

async function serve(threads: number, queue: number, cacheMB: number): Promise<Served> {
  const child = fork(fileURLToPath(new URL('../server-worker.js', import.meta.url)), [threads, queue, cacheMB].map(String), {
    execArgv: [],
  });
  const [url] = (await once(child, 'message')) as [string];
  return {
    url,
    memory: async () => {
      child.send('memory');
      const [bytes] = (await once(child, 'message')) as [number];
      return bytes;
    },
    async [Symbol.asyncDispose]() {
      child.disconnect(); // after which `close` never comes
      await once(child, 'exit');
    },
  };
}
