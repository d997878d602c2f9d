import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tensor } from '@vitamin-vlm/core';
import { afterEach, describe, expect, it } from 'vitest';
import {
  askServer,
  type FinishReason,
  imageEmbedsRequest,
  inputEmbedsRequest,
  payloadTensor,
  promptEmbedsRequest,
  torchTensor,
  untilStop,
  type VisualTokens,
} from '../src/index.ts';

const options = { model: 'tiny', maxTokens: 4, temperature: 0 };
const embeddings = tensor('float32', [2, 3], Float32Array.from([1, -2, 0.5, 70_000, 0, 3]));

const ask = async (url: string, stream: boolean): Promise<string[]> => {
  const pieces: string[] = [];
  for await (const text of askServer(promptEmbedsRequest(embeddings, { ...options, stream }), { url })) pieces.push(text);
  return pieces;
};

const run = async (pieces: readonly string[], stops: readonly string[]): Promise<string[]> => {
  const found: string[] = [];
  const source = async function* () {
    yield* pieces;
  };
  for await (const text of untilStop(source(), stops)) found.push(text);
  return found;
};

describe('payloads', () => {
  it('nothing that is not finite leaves, nor what rounds to infinity', () => {
    expect(() => payloadTensor(embeddings, 'float16')).toThrow(/float16 can hold but found 70000/u);
    expect(payloadTensor(embeddings, 'bfloat16').dtype).toBe('bfloat16');
    const spoiled = tensor('float32', [2, 3], embeddings.data.with(4, Number.NaN));
    for (const type of ['float16', 'float32', 'bfloat16'] as const)
      expect(() => payloadTensor(spoiled, type)).toThrow(/found NaN at token 1, number 1/u);
    expect(() => promptEmbedsRequest(spoiled, options)).toThrow(/NaN/u);
    expect(() => inputEmbedsRequest(spoiled, options)).toThrow(/NaN/u);
    expect(() => payloadTensor(tensor('float32', [1, 2, 3]), 'float32')).toThrow(/\[T, H\] but received \[1, 2, 3\]/u);
  });

  it('is PyTorch 2.4.1 to the byte, up to its random id', () => {
    // data.pkl of torch.save for 5 x 16 numbers of float16.
    const bytes = torchTensor(tensor('float16', [5, 16]));
    const pickle = bytes.subarray(64, 64 + bytes.readUInt32LE(bytes.indexOf('PK\u0007\u0008') + 8));
    expect(pickle.toString('hex')).toBe(
      '800263746f7263682e5f7574696c730a5f72656275696c645f74656e736f725f76320a71002828580700000073746f72616765710163746f7263680a48616c6653746f726167650a71025801000000307103580300000063707571044b50747105514b004b054b108671064b104b018671078963636f6c6c656374696f6e730a4f726465726564446963740a71082952710974710a52710b2e',
    );
    expect(() => torchTensor(tensor('int32', [1]))).toThrow(/float16, float32 or bfloat16/u);
  });

  it('pictures are named by their content, and sent with their numbers', () => {
    const tokens = { data: embeddings, identity: { tower: 'a', projector: 'b' } } as VisualTokens;
    const { path, body } = imageEmbedsRequest([tokens, 'What?'], options);
    expect(path).toBe('/v1/chat/completions');
    const [{ content }] = body['messages'] as [{ content: [{ image_embeds: string; uuid: string }, unknown] }];
    expect(Buffer.from(content[0].image_embeds, 'base64').subarray(1, 6).toString()).toBe('NUMPY');
    expect(content[0].uuid).toMatch(/^[\da-f]{64}$/u);
    expect(content[1]).toEqual({ type: 'text', text: 'What?' });
    expect(() => imageEmbedsRequest([tokens], options, 'bfloat16')).toThrow(/bfloat16/u);
  });
});

describe('answers of servers', () => {
  let server: Server | undefined;
  afterEach(() => server?.close());

  /** A server that gives one recorded answer. */
  async function serve(status: number, answer: string): Promise<string> {
    server = createServer((_, response) => response.writeHead(status).end(answer));
    await new Promise<void>((resolve) => void server!.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/`;
  }

  async function told(answer: string, stream: boolean): Promise<readonly FinishReason[]> {
    const reasons: FinishReason[] = [];
    const url = await serve(200, answer);
    const request = promptEmbedsRequest(embeddings, { ...options, stream });
    for await (const _ of askServer(request, { url, onFinish: (reason) => reasons.push(reason) }));
    server!.close();
    return reasons;
  }

  it('come streamed or whole, in the forms of vLLM and SGLang', async () => {
    const vllm = ['{"choices":[{"text":"Hel"}]}', '{"choices":[{"delta":{"content":"lo"}}]}', '{"choices":[],"usage":{}}', '[DONE]'];
    expect(await ask(await serve(200, vllm.map((line) => `data: ${line}\n\n`).join('')), true)).toEqual(['Hel', 'lo']);
    server!.close();
    expect(await ask(await serve(200, 'data: {"text":"Hel"}\n\ndata: {"text":"Hello"}\n\n'), true)).toEqual(['Hel', 'lo']);
    server!.close();
    expect(await ask(await serve(200, '{"choices":[{"message":{"content":"Hi"}}]}'), false)).toEqual(['Hi']);
  });

  it('say why they ended, where the server does', async () => {
    const pieces = [
      '{"choices":[{"text":"a","finish_reason":null}]}',
      '{"choices":[{"text":"","finish_reason":"stop"}]}',
      '{"choices":[]}',
    ];
    expect(await told(pieces.map((line) => `data: ${line}\n\n`).join(''), true)).toEqual(['stop']);
    expect(await told('{"choices":[{"text":"a","finish_reason":"length"}]}', false)).toEqual(['length']);
    expect(await told('{"text":"a","meta_info":{"finish_reason":{"type":"length","length":4}}}', false)).toEqual(['length']);
    expect(await told('{"choices":[{"text":"a"}]}', false)).toEqual([]);
  });

  it('refusals become sentences that say what to do', async () => {
    const refusals = [
      [400, 'You must set `--enable-prompt-embeds` to input `prompt_embeds`.', 'UNSUPPORTED'],
      [400, "`prompt_embeds` hidden_size 128 does not match the model's hidden_size 64.", 'WEIGHTS_MISMATCH'],
      [400, "This model's maximum context length is 1024 tokens.", 'USAGE'],
      [500, '101', 'RUNTIME'],
    ] as const;
    for (const [status, message, code] of refusals) {
      const url = await serve(status, JSON.stringify({ error: { message } }));
      await expect(ask(url, false)).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
      server!.close();
    }
    await expect(ask('http://127.0.0.1:9', false)).rejects.toMatchObject({ code: 'NETWORK' });
    await expect(ask(await serve(200, '<html>'), false)).rejects.toMatchObject({ code: 'NETWORK' });
  });
});

describe('stop strings', () => {
  it('end the text wherever the pieces break, and hold back no more than they must', async () => {
    expect(await run(['a b', '#', '#', '# c'], ['###'])).toEqual(['a b']);
    expect(await run(['a #', ' b#'], ['###'])).toEqual(['a ', '# b', '#']);
    expect(await run(['xEND', 'y'], ['y', 'END'])).toEqual(['x']);
    expect(await run(['a', 'b'], [])).toEqual(['a', 'b']);
  });
});
