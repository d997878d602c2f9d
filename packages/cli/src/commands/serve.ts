import { once } from 'node:events';
import { VitaminError } from '@vitamin-vlm/core';
import { type Command, command } from '../command.ts';
import { checkDevice } from '../model.ts';

const tasks = ['clip', 'detect', 'segment', 'ask'] as const;

/** Serves boxes, masks, labels and answers until it is stopped; what runs then is finished first. */
export const serve: Command = command({
  name: 'serve',
  summary: 'a page to try words on pictures, and the same over HTTP for other programs',
  flags: {
    host: {
      kind: 'text',
      value: 'name',
      default: '127.0.0.1',
      help: 'where to listen; another one than this machine alone should have --token',
    },
    port: { kind: 'whole', value: 'n', default: 8080, help: '0 takes any free one' },
    models: {
      kind: 'list',
      value: 'list',
      default: 'nano',
      help: 'a model for every task, or task=address between commas: clip, detect, segment, ask',
    },
    tower: { kind: 'text', value: 'model', help: 'the CLIP model that detector and segmenter were built on; new words need it' },
    token: { kind: 'text', value: 'secret', help: 'ask for this as Authorization: Bearer; better set as VITAMIN_TOKEN' },
    maxBody: { kind: 'whole', least: 1, value: 'MB', default: 20, help: 'a request may be this large' },
    queue: { kind: 'whole', least: 1, value: 'n', default: 64, help: 'requests that may wait; beyond it they are told to come again' },
    cacheBytes: {
      kind: 'whole',
      least: 1,
      value: 'n',
      default: 536_870_912,
      help: 'bytes of pictures, and of what was found in them, that are kept',
    },
    deadline: { kind: 'whole', least: 1, value: 's', default: 60, help: 'seconds until a request is given up' },
    allowUrl: {
      kind: 'repeated',
      value: 'origin',
      help: 'pictures may be fetched from here, such as https://images.example.org; may be repeated',
    },
  },
  writes: { nothing: 'Answers go to those who ask.' },
  notes: `GET / is the page, /openapi.json describes the requests, /v2 speaks the Open Inference
Protocol, /metrics is for Prometheus, /healthz for whoever starts it. Ctrl-C finishes what runs.`,
  async run({ flags, output, signal }) {
    const { host, port, tower, token, queue, cacheBytes, deadline, threads, cacheDir, allowUrl: allowUrls } = flags;
    await checkDevice(flags.device, output);
    const provider = flags.device as 'cpu' | undefined; // one of listProviders()
    const models = readModels(flags.models as readonly string[] | string);
    const { startServer } = await import('@vitamin-vlm/server');
    await using server = await startServer({
      host,
      port,
      models,
      tower,
      token,
      maxBody: flags.maxBody * 1e6,
      queue,
      cacheBytes,
      deadline: deadline * 1000,
      allowUrls,
      threads,
      provider,
      cacheDir,
      onError: (error) => output.detail(error instanceof Error ? (error.stack ?? error.message) : String(error)),
    });
    await output.whole(`Serving at ${server.url} (Ctrl-C ends it)`, { url: server.url, models }, undefined);
    if (!signal.aborted) await once(signal, 'abort');
    return 0;
  },
});

/** `nano`, or `detect=FILE,clip=vitamin-large-336`. */
function readModels(flag: readonly string[] | string): Partial<Record<(typeof tasks)[number], string>> {
  const list = typeof flag === 'string' ? [flag] : flag;
  const models: Partial<Record<(typeof tasks)[number], string>> = {};
  for (const entry of list) {
    const [, task, address] = /^([a-z]+)=(.+)$/u.exec(entry) ?? [];
    const known = tasks.find((one) => one === task);
    if (known) models[known] = address!;
    else if (task === undefined) Object.assign(models, { clip: entry, detect: entry, segment: entry });
    else throw new VitaminError('USAGE', `Expected --models with ${tasks.join(', ')} but received ${task}`);
  }
  return models;
}
