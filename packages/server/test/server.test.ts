import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Backbone } from '@vitamin-vlm/backbone';
import { tensor } from '@vitamin-vlm/core';
import { Detector } from '@vitamin-vlm/fvit-detection';
import { toTensor } from '@vitamin-vlm/image';
import { InferenceClient, textsOf, textTensor } from '@vitamin-vlm/oip-client';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, startServer } from '@vitamin-vlm/server';

const picture = fileURLToPath(new URL('../../../tools/first-run/pictures/farm.png', import.meta.url));
let server: RunningServer;
let bytes: Buffer;
let image: string;

beforeAll(async () => {
  bytes = await readFile(picture);
  image = bytes.toString('base64');
  server = await startServer({ port: 0, maxBody: 2_000_000 });
});
afterAll(() => server?.close());

interface Answer {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- answers of many shapes
  readonly body: any;
  readonly headers: Headers;
}

async function post(
  path: string,
  body: object | FormData,
  { to = server, headers = {} }: { to?: RunningServer; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const form = body instanceof FormData;
  const response = await fetch(to.url + path, {
    method: 'POST',
    headers: { ...(form ? {} : { 'content-type': 'application/json' }), ...headers },
    body: form ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

describe('/v1', () => {
  it('detects what the library detects, and answers a second question by key alone', async () => {
    await using detector = await Detector.load('nano');
    const { detections } = await detector.detect(picture, ['sheep', 'truck'], { score: 0.3 });
    const { status, body } = await post('/v1/detect', { image, labels: ['sheep', 'truck'] });
    expect(status).toBe(200);
    expect(body).toMatchObject({ schemaVersion: 1, model: 'nano', width: 384, height: 288 });
    expect(body.detections).toEqual(detections.map(({ label, score, box }) => ({ label, score, box })));
    const again = await post('/v1/detect', { key: body.key, labels: ['truck'], max: 1 });
    expect(again.body.detections.map((one: { label: string }) => one.label)).toEqual(['truck']);
  });

  it('takes a form as it takes JSON', async () => {
    const form = new FormData();
    form.set('image', new Blob([bytes]), 'farm.png');
    form.set('labels', 'sheep, truck');
    form.set('score', '0.8');
    const [asForm, asJson] = [await post('/v1/detect', form), await post('/v1/detect', { image, labels: ['sheep', 'truck'], score: 0.8 })];
    expect(asForm.status).toBe(200);
    expect(asForm.body).toEqual(asJson.body);
  });

  it('cuts a picture into segments, whose ids are the colors of a PNG', async () => {
    const { status, body } = await post('/v1/segment', {
      image: `data:image/png;base64,${image}`,
      labels: ['sky', 'grass', 'sheep', 'truck'],
      task: 'all',
    });
    expect(status).toBe(200);
    const { data, info } = await sharp(Buffer.from(body.panoptic.png, 'base64')).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height, info.channels]).toEqual([384, 288, 3]);
    const areas = new Map<number, number>();
    for (let i = 0; i < data.length; i += 3) {
      const id = data[i]! + 256 * data[i + 1]! + 65_536 * data[i + 2]!;
      if (id > 0) areas.set(id, (areas.get(id) ?? 0) + 1);
    }
    expect(Object.fromEntries(areas)).toEqual(
      Object.fromEntries(body.panoptic.segments.map((one: { id: number; area: number }) => [one.id, one.area])),
    );
    expect(body.semantic.shares.reduce((sum: number, share: number) => sum + share, 0)).toBeCloseTo(1, 6);
    for (const { mask, area } of body.instances) {
      expect(mask.counts.reduce((sum: number, run: number, i: number) => sum + (i % 2 === 1 ? run : 0), 0)).toBe(area);
    }
  });

  it('names a picture, and gives its vector of length one', async () => {
    const { body } = await post('/v1/classify', { image, labels: ['a boat', 'sheep'], top: 1 });
    expect(body.labels).toEqual([{ label: 'sheep', score: expect.closeTo(1, 3) }]);
    const { embedding } = (await post('/v1/encode', { key: body.key })).body;
    expect(embedding).toHaveLength(128);
    expect(Math.hypot(...embedding)).toBeCloseTo(1, 6);
  });

  it.each([
    ['no picture', { labels: ['a'] }, 400, 'USAGE', 'neither'],
    ['two pictures', { image: 'aaaa', key: 'a'.repeat(64), labels: ['a'] }, 400, 'USAGE', 'more than one'],
    ['a key that is not kept', { key: 'a'.repeat(64), labels: ['a'] }, 404, 'INPUT_NOT_FOUND', 'key'],
    ['a key that is none', { key: 'abc' }, 400, 'USAGE', '"key"'],
    ['an empty label', { image: 'aaaa', labels: [''] }, 400, 'USAGE', '"labels.0"'],
    ['a score out of range', { image: 'aaaa', score: 2 }, 400, 'USAGE', '"score"'],
    ['what is no picture', { image: 'aaaa', labels: ['a'] }, 400, 'INPUT_UNREADABLE', 'PNG'],
    ['a path', { image: '/etc/passwd!', labels: ['a'] }, 400, 'INPUT_UNREADABLE', 'base64'],
  ])('refuses %s', async (_, request, status, code, words) => {
    const { status: got, body } = await post('/v1/detect', request);
    expect([got, body.error.code]).toEqual([status, code]);
    expect(body.error.message).toContain(words);
  });

  it('refuses a task that it has no model for, a body that is too large, and what is no JSON', async () => {
    expect((await post('/v1/ask', { image, question: 'How many?' })).status).toBe(501);
    expect((await post('/v1/detect', { image: 'a'.repeat(2_100_000) })).status).toBe(413);
    const response = await fetch(`${server.url}/v1/detect`, { method: 'POST', body: '{' });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'INPUT_UNREADABLE' } });
  });
});

describe('guards', () => {
  it('fetch nothing for a client, unless the origin is allowed', async () => {
    let asked = 0;
    const other = createServer((request, response) => {
      asked++;
      if (request.url === '/away') response.writeHead(302, { location: '/farm.png' }).end();
      else response.end(bytes);
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const refused = await post('/v1/classify', { image: `${origin}/farm.png`, labels: ['sheep'] });
    expect([refused.status, asked]).toEqual([403, 0]);
    await using open = await startServer({ port: 0, allowUrls: [origin] });
    expect((await post('/v1/classify', { image: `${origin}/farm.png`, labels: ['sheep'] }, { to: open })).status).toBe(200);
    expect((await post('/v1/classify', { image: `${origin}/away`, labels: ['sheep'] }, { to: open })).status).toBe(502);
    other.close();
  });

  it('refuse pages of other origins, and names that were made to lead here', async () => {
    expect((await post('/v1/encode', { image }, { headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403);
    const { port, hostname } = new URL(server.url);
    const { request } = await import('node:http');
    const status = await new Promise((resolve) => {
      request({ port, hostname, path: '/healthz', headers: { host: 'evil.example' } }, (response) =>
        resolve(response.resume().statusCode),
      ).end();
    });
    expect(status).toBe(403);
  });

  it('ask for the token, except for health', async () => {
    await using closed = await startServer({ port: 0, token: 'a-secret' });
    expect((await fetch(`${closed.url}/healthz`)).status).toBe(200);
    for (const path of ['/v1/models', '/metrics', '/openapi.json', '/v2/models']) expect((await fetch(closed.url + path)).status).toBe(401);
    const headers = { authorization: 'Bearer a-secret' };
    expect((await fetch(`${closed.url}/v1/models`, { headers })).status).toBe(200);
    expect(await new InferenceClient(closed.url, { token: 'a-secret' }).isReady()).toBe(true);
    await expect(new InferenceClient(closed.url).model('text-tower')).rejects.toMatchObject({ code: 'AUTH' });
  });

  it('tell when to come again while all places are taken, and drop requests whose clients went', async () => {
    await using small = await startServer({ port: 0, queue: 1 });
    const controller = new AbortController();
    const ask = (signal?: AbortSignal): Promise<Response> =>
      fetch(`${small.url}/v1/encode`, { method: 'POST', body: JSON.stringify({ image }), ...(signal ? { signal } : {}) });
    const answers = await Promise.all(Array.from({ length: 6 }, () => ask()));
    const refused = answers.filter(({ status }) => status === 429);
    expect(answers.filter(({ status }) => status === 200).length + refused.length).toBe(6);
    expect(refused.length).toBeGreaterThan(0);
    expect(Number(refused[0]!.headers.get('retry-after'))).toBeGreaterThan(0);
    const gone = ask(controller.signal);
    controller.abort();
    await expect(gone).rejects.toThrow('aborted');
    expect((await ask()).status).toBe(200);
  });

  it('give up at the deadline', async () => {
    await using hasty = await startServer({ port: 0, deadline: 1 });
    const { status, body } = await post('/v1/detect', { image, labels: ['sheep'] }, { to: hasty });
    expect([status, body.error.code]).toEqual([504, 'ABORTED']);
  });

  it('say that a port is taken', async () => {
    const { port } = new URL(server.url);
    await expect(startServer({ port: Number(port) })).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining('taken') });
  });

  it('leave the server free to say how it is while the networks compute', async () => {
    const noise = Buffer.from(Array.from({ length: 640 * 480 * 3 }, (_, i) => (i * 7919) % 251));
    const png = await sharp(noise, { raw: { width: 640, height: 480, channels: 3 } })
      .png()
      .toBuffer();
    const state = { done: false };
    const answer = post('/v1/detect', { image: png.toString('base64'), labels: ['sheep'] }).finally(() => (state.done = true));
    let during = 0;
    while (!state.done) {
      const { running } = (await (await fetch(`${server.url}/healthz`)).json()) as { running: number };
      if (!state.done && running > 0) during++;
    }
    expect((await answer).status).toBe(200);
    expect(during).toBeGreaterThan(5); // were the loop blocked, one would wait until the end
  });

  it('finish what runs before the server ends', async () => {
    const ending = await startServer({ port: 0 });
    const answer = post('/v1/encode', { image }, { to: ending });
    while (((await (await fetch(`${ending.url}/healthz`)).json()) as { running: number }).running === 0);
    const closed = ending.close();
    expect((await answer).status).toBe(200);
    await closed;
    await expect(fetch(`${ending.url}/healthz`)).rejects.toThrow('fetch failed');
  });
});

describe('questions', () => {
  let talking: RunningServer;
  beforeAll(async () => {
    talking = await startServer({ port: 0, models: { ask: 'nano/talker' } });
  });
  afterAll(() => talking?.close());

  const events = async (path: string, body: object): Promise<Record<string, unknown>[]> => {
    const response = await fetch(talking.url + path, { method: 'POST', body: JSON.stringify(body) });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const lines = (await response.text()).split('\n\n').filter((event) => event !== '');
    expect(lines.at(-1)).toBe('data: [DONE]');
    return lines.slice(0, -1).map((line) => JSON.parse(line.replace('data: ', '')) as Record<string, unknown>);
  };

  it('are answered whole, or word by word with the same words', async () => {
    const { status, body } = await post('/v1/ask', { image, question: 'How many sheep are there?' }, { to: talking });
    expect([status, body.model]).toEqual([200, 'nano/talker']);
    expect(body.answer).toMatch(/\w/u);
    const pieces = await events('/v1/ask', { key: body.key, question: 'How many sheep are there?', stream: true });
    expect(
      pieces
        .map(({ text }) => (typeof text === 'string' ? text : ''))
        .join('')
        .trim(),
    ).toBe(body.answer);
    expect(pieces.at(-1)).toMatchObject({ answer: body.answer, finishReason: body.finishReason });
  });

  it('come in the shape that programs for OpenAI know', async () => {
    const content = [
      { type: 'text', text: 'How many sheep are there?' },
      { type: 'image_url', image_url: { url: `data:image/png;base64,${image}` } },
    ];
    const messages = [{ role: 'user', content }];
    const { body } = await post('/v1/chat/completions', { messages, max_tokens: 20 }, { to: talking });
    expect(body).toMatchObject({ object: 'chat.completion', choices: [{ message: { role: 'assistant' }, finish_reason: 'stop' }] });
    const chunks = await events('/v1/chat/completions', { messages, max_tokens: 20, stream: true });
    const words = chunks.map((chunk) => (chunk['choices'] as { delta: { content?: string } }[])[0]!.delta.content ?? '');
    expect(words.join('').trim()).toBe(body.choices[0].message.content);
    expect(chunks.at(-1)).toMatchObject({ choices: [{ delta: {}, finish_reason: 'stop' }] });
    const cut = await post('/v1/chat/completions', { messages, max_tokens: 1 }, { to: talking });
    expect(cut.body.choices[0].finish_reason).toBe('length');
    expect((await events('/v1/chat/completions', { messages, max_tokens: 1, stream: true })).at(-1)).toMatchObject({
      choices: [{ finish_reason: 'length' }],
    });
    const system = await post('/v1/chat/completions', { messages: [{ role: 'system', content: 'x' }, ...messages] }, { to: talking });
    expect([system.status, system.body.error.code]).toEqual([400, 'USAGE']);
    expect((await post('/v1/chat/completions', { messages: [] }, { to: talking })).status).toBe(400);
  });
});

describe('for other programs', () => {
  it('speaks the Open Inference Protocol, and gives what /v1 gives', async () => {
    const client = new InferenceClient(server.url);
    expect(await client.isReady('detect')).toBe(true);
    expect(await client.isReady('nothing')).toBe(false);
    const { inputs } = await client.model('image-tower', '1');
    expect(inputs).toEqual([{ name: 'pixels', datatype: 'UINT8', shape: [-1, 96, 96, 3] }]);
    const asked = { image: { datatype: 'BYTES', shape: [1], data: [bytes] }, labels: textTensor(['sheep', 'truck']) } as const;
    const [binary, json] = [await client.infer('detect', asked), await client.infer('detect', { ...asked }, { outputs: ['scores'] })];
    expect(json.outputs).toEqual({ scores: binary.outputs['scores'] });
    const { body } = await post('/v1/detect', { image, labels: ['sheep', 'truck'], score: 0.01 });
    const scores = body.detections.map((one: { score: number }) => Math.fround(one.score));
    expect([...(binary.outputs['scores']!.data as Float32Array)]).toEqual(scores);
    const embedding = (await client.infer('text-tower', { text: textTensor(['a sheep']) }, { json: true })).outputs['embedding']!;
    expect(embedding.shape).toEqual([1, 128]);
  });

  it('embeds bytes as the library embeds pixels that were prepared for the tower', async () => {
    await using backbone = await Backbone.load('nano');
    const { normalization } = backbone.model.tower;
    const data = Uint8Array.from({ length: 2 * 96 * 96 * 3 }, (_, i) => (i * 7919) % 251);
    const pixels = tensor('float32', [2, 3, 96, 96]);
    for (const n of [0, 1]) {
      const one = { width: 96, height: 96, data: data.subarray(n * 96 * 96 * 3, (n + 1) * 96 * 96 * 3) };
      toTensor(one, { normalization, into: { data: pixels.data, offset: n * one.data.length } });
    }
    const expected = (await backbone.embedPixels(pixels)).data;
    const client = new InferenceClient(server.url);
    const { outputs } = await client.infer('image-tower', { pixels: { datatype: 'UINT8', shape: [2, 96, 96, 3], data } });
    const { shape, data: found } = outputs['embedding']!;
    expect(shape).toEqual([2, 128]);
    for (const [i, value] of (found as Float32Array).entries()) expect(value).toBeCloseTo(expected[i]!, 4);
  });

  it('answers its errors in the words of that protocol', async () => {
    const client = new InferenceClient(server.url);
    await expect(client.infer('text-tower', {})).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining('"text"') });
    await expect(
      client.infer('image-tower', { pixels: { datatype: 'UINT8', shape: [1, 2, 2, 3], data: new Uint8Array(12) } }),
    ).rejects.toThrow('96, 96, 3');
    await expect(client.infer('nothing', {})).rejects.toThrow('image-tower');
    const { body } = await post('/v2/models/detect/infer', {});
    expect(body).toEqual({ error: expect.stringContaining('inputs') });
    expect(textsOf(textTensor(['a']))).toEqual(['a']);
  });

  it('describes itself and counts', async () => {
    const document = (await (await fetch(`${server.url}/openapi.json`)).json()) as { paths: Record<string, unknown>; openapi: string };
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toEqual(['/v1/detect', '/v1/segment', '/v1/classify', '/v1/encode', '/v1/ask']);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toMatch(/vitamin_requests_total\{route="\/v1\/detect",status="200"\} \d+/u);
    expect(metrics).toContain('vitamin_queue_waiting 0');
  });
});
