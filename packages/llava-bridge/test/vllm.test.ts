import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { type Tensor, tensor } from '@vitamin-vlm/core';
import { SessionPool } from '@vitamin-vlm/runtime';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  askServer,
  chatEmbedsRequest,
  Decoder,
  embedPrompt,
  type EngineRequest,
  generateIds,
  imageEmbedsRequest,
  LlamaTokenizer,
  loadTokenizer,
  openLlama,
  type PayloadType,
  payloadTensor,
  PICTURE,
  type PromptPart,
  promptEmbedsRequest,
  randomNumbers,
  renderPrompt,
  templateOf,
  textPart,
  type VisualTokens,
} from '../src/index.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

/**
 * A running vLLM that serves a small LLaMA or LLaVA from a folder of this machine, for example
 * `python -m vllm.entrypoints.openai.api_server --model FOLDER --dtype float32 --enable-prompt-embeds --enable-mm-embeds`. The judge is our own decoder on the
 * same folder: both must choose the same words.
 */
const url = process.env['VITAMIN_VLLM'] ?? '';
const whyNot = url === '' ? ' (skipped: VITAMIN_VLLM names none)' : '';

const sessions = new SessionPool();
afterAll(() => sessions.close());
let model: { readonly id: string; readonly root: string; readonly max_model_len: number };
let decoder: Decoder;
let tokenizer: LlamaTokenizer;
let isLlava: boolean;
/** Flags that the server was started without. */
let missing: { readonly prompt: boolean; readonly image: boolean };

beforeAll(async () => {
  if (url === '') return;
  const answer = (await (await fetch(`${url}/v1/models`)).json()) as { data: [typeof model] };
  [model] = answer.data;
  const opened = await openLlama(model.root, { cacheDir: false });
  decoder = new Decoder(opened, sessions);
  tokenizer = await loadTokenizer(model.root);
  isLlava = (await readFile(join(model.root, 'config.json'), 'utf8')).includes('"llava"');
  missing = {
    prompt: (await refusalOf(promptEmbedsRequest(random(2, opened.config.hidden), options()))).includes('enable-prompt-embeds'),
    image:
      isLlava &&
      (await refusalOf(imageEmbedsRequest([pictureOf(random(2, opened.config.hidden)), 'a'], options()))).includes('enable-mm-embeds'),
  };
});

const options = (maxTokens = 16) => ({ model: model.id, maxTokens, temperature: 0 });

function random(rows: number, width: number, seed = 1): Tensor<'float32'> {
  const next = randomNumbers(seed);
  return tensor(
    'float32',
    [rows, width],
    Float32Array.from({ length: rows * width }, () => 0.2 * (next() - 0.5)),
  );
}

function pictureOf(data: Tensor<'float32'>): VisualTokens {
  return { data, tokens: data.shape[0], hidden: data.shape[1], identity: { tower: 'a', projector: 'b' } } as unknown as VisualTokens;
}

/** The answer, without the space that vLLM's chat leaves before the first word. */
async function ask(request: EngineRequest): Promise<string> {
  let text = '';
  for await (const piece of askServer(request, { url })) text += piece;
  return request.path.includes('/chat/') ? text.replace(/^ /u, '') : text;
}

async function expectRefusal(request: EngineRequest, code: string, message: RegExp): Promise<void> {
  await expect(ask(request)).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string });
}

async function refusalOf(request: EngineRequest): Promise<string> {
  return await ask(request).then(
    () => '',
    (error: Error & { hint?: string }) => `${error.message} ${error.hint}`,
  );
}

/** What our decoder says to the same prompt. */
async function expected(prompt: Tensor<'float32'>): Promise<string> {
  const ids: number[] = [];
  for await (const id of generateIds(decoder, prompt, { maxTokens: 16 })) ids.push(id);
  return tokenizer.decode(ids, { skipSpecial: true });
}

/** Embeddings as they arrive at the server. */
function rounded(values: Tensor<'float32'>, type: PayloadType): Tensor<'float32'> {
  const sent = payloadTensor(values, type);
  return tensor(
    'float32',
    values.shape,
    Float32Array.from({ length: sent.data.length }, (_, i) => numberOf(sent, i)),
  );
}

const bits = new Float32Array(1);
function numberOf({ dtype, data }: Tensor, i: number): number {
  if (dtype !== 'bfloat16') return dtype === 'float32' ? Number(data[i]) : halfOf(Number(data[i]));
  new Uint32Array(bits.buffer)[0] = Number(data[i]) << 16;
  return bits[0]!;
}

function halfOf(half: number): number {
  const [exponent, fraction] = [(half >> 10) & 31, half & 1023];
  return (half & 0x8000 ? -1 : 1) * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

/** A prompt as the served chat template writes it: Vicuna's for a text model, without its system text for LLaVA. */
function promptOf(parts: readonly PromptPart[]): number[] {
  const template = templateOf('vicuna_v1');
  const whole = renderPrompt(isLlava ? { ...template, system: '' } : template, [parts, null]);
  const ids = [...tokenizer.encodePrompt(whole)];
  return ids;
}

const question = '\nWhat is in this image?';

describe.skipIf(whyNot !== '')(`a real vLLM${whyNot}`, () => {
  it.each(['float32', 'float16', 'bfloat16'] as const)(
    'prompt_embeds in %s: the words of our decoder, whole and streamed',
    async (type) => {
      if (missing.prompt) return;
      const prompt = random(18, decoder.model.config.hidden);
      const should = await expected(rounded(prompt, type));
      expect(await ask(promptEmbedsRequest(prompt, options(), type))).toBe(should);
      expect(await ask(promptEmbedsRequest(prompt, { ...options(), stream: true }, type))).toBe(should);
    },
  );

  it('a prompt with pictures, embedded here', async () => {
    if (missing.prompt) return;
    const { hidden } = decoder.model.config;
    const ids = tokenizer.encodePrompt(renderPrompt('vicuna_v1', [[PICTURE, textPart('\nOne. '), PICTURE, textPart(question)], null]));
    const prompt = await embedPrompt(decoder, ids, [random(9, hidden, 2), random(12, hidden, 3)]);
    expect(await ask(promptEmbedsRequest(prompt, options()))).toBe(await expected(prompt));
  });

  it('chat with prompt_embeds parts: the ids around a picture are LLaVA’s', async () => {
    if (missing.prompt || isLlava) return;
    const { hidden } = decoder.model.config;
    const [one, two] = [random(9, hidden, 2), random(12, hidden, 3)];
    const cases: [(string | Tensor<'float32'>)[], PromptPart[], Tensor<'float32'>[]][] = [
      [[one, question], [PICTURE, textPart(question)], [one]],
      [['Look: ', one, question], [textPart('Look: '), PICTURE, textPart(question)], [one]],
      [
        [one, two, question],
        [PICTURE, PICTURE, textPart(question)],
        [one, two],
      ],
    ];
    for (const [parts, said, pictures] of cases) {
      const should = await expected(await embedPrompt(decoder, promptOf(said), pictures));
      expect(
        await ask(
          chatEmbedsRequest(
            parts.map((part) => (typeof part === 'string' ? part : pictureOf(part))),
            options(),
          ),
        ),
      ).toBe(should);
    }
  });

  it('image_embeds: one part a picture, in float32 and float16, before or behind the words', async () => {
    if (!isLlava || missing.image) return;
    const { hidden } = decoder.model.config;
    const words = question.trim();
    const one = random(9, hidden, 2);
    for (const type of ['float32', 'float16'] as const) {
      const prompt = await embedPrompt(decoder, promptOf([PICTURE, textPart(question)]), [rounded(one, type)]);
      const should = await expected(prompt);
      expect(await ask(imageEmbedsRequest([pictureOf(one), words], options(), type))).toBe(should);
      expect(await ask(imageEmbedsRequest([words, pictureOf(one)], options(), type))).toBe(should);
    }
    const many = random(441, hidden, 4);
    const long = await embedPrompt(decoder, promptOf([PICTURE, textPart(question)]), [many]);
    expect(await ask(imageEmbedsRequest([pictureOf(many), words], options()))).toBe(await expected(long));
    const both = await embedPrompt(decoder, promptOf([PICTURE, textPart('\n'), PICTURE, textPart(question)]), [one, many]);
    expect(await ask(imageEmbedsRequest([pictureOf(one), pictureOf(many), words], options()))).toBe(await expected(both));
  });

  it('refusals are sentences', async () => {
    const { hidden } = decoder.model.config;
    const narrow = random(4, hidden / 2);
    await expectRefusal(promptEmbedsRequest(random(2, hidden), { ...options(), model: 'nobody' }), 'MODEL_UNKNOWN', /nobody/u);
    if (missing.prompt) {
      await expectRefusal(promptEmbedsRequest(random(2, hidden), options()), 'UNSUPPORTED', /--enable-prompt-embeds/u);
      await expectRefusal(chatEmbedsRequest([pictureOf(random(2, hidden)), 'a'], options()), 'UNSUPPORTED', /--enable-prompt-embeds/u);
    } else {
      await expectRefusal(promptEmbedsRequest(narrow, options()), 'WEIGHTS_MISMATCH', new RegExp(`${hidden / 2} .* ${hidden}`, 'u'));
      await expectRefusal(promptEmbedsRequest(random(model.max_model_len + 6, hidden), options()), 'USAGE', /maximum context length/u);
      const reserved = chatEmbedsRequest([pictureOf(random(2, hidden)), 'a <prompt_embeds> b'], options());
      await expectRefusal(reserved, 'USAGE', /reserved placeholder/u);
    }
    const picture = (data: Tensor<'float32'>): EngineRequest => imageEmbedsRequest([pictureOf(data), 'a'], options());
    if (!isLlava) await expectRefusal(picture(random(4, hidden)), 'UNSUPPORTED', /multimodal|--enable-mm-embeds/u);
    else if (missing.image) await expectRefusal(picture(random(4, hidden)), 'UNSUPPORTED', /--enable-mm-embeds/u);
    else await expectRefusal(picture(narrow), 'WEIGHTS_MISMATCH', new RegExp(`got ${hidden / 2}, but model expects ${hidden}`, 'u'));
  });

  it('what is not finite never leaves, so the next request is right', async () => {
    if (missing.prompt) return;
    const { hidden } = decoder.model.config;
    const prompt = random(18, hidden);
    for (const [value, type] of [
      [Number.NaN, 'float32'],
      [Infinity, 'bfloat16'],
      [70_000, 'float16'],
    ] as const) {
      const spoiled = tensor('float32', prompt.shape, prompt.data.with(7, value));
      expect(() => promptEmbedsRequest(spoiled, options(), type)).toThrow(/found/u);
      expect(() => chatEmbedsRequest([pictureOf(spoiled), 'a'], options(), type)).toThrow(/found/u);
      if (type !== 'bfloat16') expect(() => imageEmbedsRequest([pictureOf(spoiled), 'a'], options(), type)).toThrow(/found/u);
    }
    expect(await ask(promptEmbedsRequest(prompt, options()))).toBe(await expected(prompt));
  });

  it('an abort ends the work at the server', async () => {
    if (missing.prompt) return;
    const stop = new AbortController();
    const request = promptEmbedsRequest(random(4, decoder.model.config.hidden), { ...options(900), stream: true });
    const pieces = askServer(request, { url, signal: stop.signal });
    await pieces.next();
    stop.abort();
    await expect(pieces.next()).rejects.toMatchObject({ code: 'ABORTED' });
    for (let tries = 0; tries < 50; tries++) {
      const metrics = await (await fetch(`${url}/metrics`)).text();
      if (/^vllm:num_requests_running\S* 0\.0$/mu.test(metrics)) return;
      await setTimeout(200);
    }
    expect.unreachable('the server still works on it');
  });
});
