import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { exitCodes } from '../src/exit-code.ts';
import { inTemporaryFolder, vitamin, writeBrokenPicture, writePicture, writeTinyModel } from './support.ts';
import { writeTalkerGguf, writeTinyTalker } from './tiny-talker.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const { temporary, run } = inTemporaryFolder();

beforeAll(async () => {
  await writeTinyModel(temporary('model'));
  await writeTinyTalker(temporary('talker'));
  process.env['VITAMIN_LLM'] = temporary('talker');
  await writePicture(temporary('a.png'), 90, 60, 3);
  await writePicture(temporary('b.png'), 50, 70, 4);
  await writeBrokenPicture(temporary('broken.jpg'));
});
afterAll(() => delete process.env['VITAMIN_LLM']);

interface Answer {
  readonly schemaVersion: number;
  readonly model: { readonly llm: string; readonly served?: string; readonly identity: Record<string, string> };
  readonly images: string[];
  readonly question: string;
  readonly answer: string;
  readonly finishReason?: string;
}

async function answer(...args: string[]): Promise<Answer> {
  const { stdout, stderr, status } = await run('ask', ...args, '--max-tokens', '12', '--json');
  expect([status, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as Answer;
}

it('answers with the talker of a folder, the same in every form', async () => {
  const { answer: said, images, question, model } = await answer('a.png', 'What is it?');
  expect(said.length).toBeGreaterThan(5);
  expect({ images, question, llm: model.llm }).toEqual({ images: ['a.png'], question: 'What is it?', llm: temporary('talker') });
  expect(Object.keys(model.identity)).toEqual(['tower', 'projector', 'languageModel']);
  expect(await run('ask', 'a.png', 'What is it?', '--max-tokens', '12')).toMatchObject({ status: 0, stdout: `${said}\n` });
  const { stdout } = await run('ask', 'a.png', 'What is it?', '--max-tokens', '12', '--jsonl');
  expect(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as Answer).answer),
  ).toEqual([said]);
});

it('says why the answer ended', async () => {
  const { answer: said, finishReason } = await answer('a.png', 'What is it?');
  const word = said.split(' ').at(-2)!;
  const stopped = await answer('a.png', 'What is it?', '--stop', word);
  expect([finishReason, stopped.finishReason, stopped.answer]).toEqual(['length', 'stop', said.slice(0, said.indexOf(word)).trimEnd()]);
});

it('reads the pictures, the words before them and the rules of choice', async () => {
  const { answer: said } = await answer('a.png', 'What is it?');
  const others = [
    await answer('b.png', 'What is it?'),
    await answer('a.png', 'b.png', 'Where is it?'),
    await answer('a.png', 'What is it?', '--system', 'Be brief.'),
    await answer('a.png', 'What is it?', '--temperature', '3', '--seed', '5'),
  ];
  expect(new Set([said, ...others.map(({ answer: other }) => other)]).size).toBe(1 + others.length);
});

it('goes on with a conversation, a question a line', async () => {
  const started = { env: { VITAMIN_MODEL: temporary('model'), VITAMIN_CACHE_DIR: temporary('cache') }, cwd: temporary() };
  const talk = async (lines: string): Promise<{ question: string; answer: string }[]> => {
    const { stdout, status } = await vitamin(['ask', '-i', 'a.png', '--llm', 'talker', '--max-tokens', '12', '--json', '--no-progress'], {
      ...started,
      onStart: ({ stdin }) => stdin!.end(lines),
    });
    expect(status).toBe(0);
    return (JSON.parse(stdout) as { turns: { question: string; answer: string }[] }).turns;
  };
  const [first, second] = await talk('What is it?\n\nWhere is it?\n');
  expect(first).toEqual({ question: 'What is it?', answer: (await answer('a.png', 'What is it?')).answer, finishReason: 'length' });
  expect(second!.question).toBe('Where is it?');
  expect(second!.answer).not.toBe((await answer('a.png', 'Where is it?')).answer); // what was said before counts
});

it('says what is wrong with what it was given', async () => {
  const wrong: [string[], number, RegExp][] = [
    [['a.png'], 2, /Expected an image and a question but received a\.png/u],
    [[], 2, /Expected an image and a question but received neither/u],
    [['none.png', 'What?'], 3, /none\.png/u],
    [['broken.jpg', 'What?'], 3, /broken\.jpg/u],
    [['a.png', 'What?', '--template', 'vicuna'], 2, /vicuna_v1/u],
    [['a.png', 'What?', '--engine', 'vllm'], 2, /address of a server/u],
    [['a.png', 'What?', '--llm', 'http://127.0.0.1:9', '--engine', 'local'], 2, /a folder/u],
    [['a.png', 'What?', '--llm', 'http://127.0.0.1:9'], 2, /--projector/u],
    [['a.png', 'What?', '--llm', 'nowhere/'], 4, /nowhere/u],
    [['a.png', 'What?', '--engine', 'llama.cpp'], 2, /a file \.gguf as --llm/u],
    [['a.png', 'What?', '--llm', 'x.gguf'], 2, /--projector beside x\.gguf/u],
    [['a.png', 'What?', '--carry', 'tokens'], 2, /no --carry .* nothing to --engine local/u],
    [['a.png', 'What?', '--llm', 'x.gguf', '--precision', 'int8'], 2, /no --precision .* nothing to --engine llama\.cpp/u],
    [['-', '-', 'What?'], 2, /standard input \(-\) once/u],
    [['-i', '-'], 2, /standard input \(-\) once/u],
    [['a.png', 'What?', '--layer', '-9'], 2, /layer from -2 to -1/u],
  ];
  for (const [args, status, message] of wrong) {
    const result = await run('ask', ...args);
    expect([result.status, result.stdout]).toEqual([status, '']);
    expect(result.stderr).toMatch(message);
  }
});

it('reads a picture from standard input', async () => {
  const started = { env: { VITAMIN_MODEL: temporary('model'), VITAMIN_CACHE_DIR: temporary('cache') }, cwd: temporary() };
  const picture = await readFile(temporary('a.png'));
  const { stdout, status } = await vitamin(['ask', '-', 'What is it?', '--llm', 'talker', '--max-tokens', '12', '--json', '-q'], {
    ...started,
    onStart: ({ stdin }) => stdin!.end(picture),
  });
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ images: ['-'], answer: (await answer('a.png', 'What is it?')).answer });
});

const peer = process.env['VITAMIN_LLAMA_NODE'];
const withoutPeer = peer === undefined ? ' (skipped: VITAMIN_LLAMA_NODE names no folder of @fugood/llama.node)' : '';

it.skipIf(peer === undefined)(`llama.cpp with a file of its own says what our decoder says${withoutPeer}`, async () => {
  await writeTalkerGguf(temporary('talker'), temporary('talker.gguf'));
  const env = { VITAMIN_MODEL: temporary('model'), VITAMIN_CACHE_DIR: temporary('cache'), NODE_PATH: join(peer!, '../..') };
  const asked = ['a.png', 'b.png', 'Where is it?', '--max-tokens', '12', '--json', '--no-progress', '--threads', '1'];
  const { stdout, stderr, status } = await vitamin(['ask', ...asked, '--llm', 'talker.gguf', '--read-as', 'talker'], {
    env,
    cwd: temporary(),
  });
  expect([status, stderr]).toEqual([0, '']);
  const { answer: said, finishReason, model } = JSON.parse(stdout) as Answer;
  expect([said, finishReason, model.llm]).toEqual([(await answer('a.png', 'b.png', 'Where is it?')).answer, 'length', 'talker.gguf']);
});

it.skipIf(peer !== undefined)('says what to install for a file of llama.cpp', async () => {
  const { stderr, status } = await run('ask', 'a.png', 'What?', '--llm', 'talker.gguf', '--read-as', 'talker');
  expect([status, stderr]).toEqual([
    exitCodes.UNSUPPORTED,
    expect.stringMatching(/@fugood\/llama\.node[^]*npm install @fugood\/llama\.node/u),
  ]);
});

/** What a vLLM that serves a model of text alone answers (vLLM 0.32.0). */
async function textServer(): Promise<{ readonly server: Server; readonly url: string; readonly seen: Record<string, unknown>[] }> {
  const seen: Record<string, unknown>[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      if (request.url === '/v1/models') return response.end(JSON.stringify({ data: [{ id: 'tiny' }] }));
      const asked = JSON.parse(body) as { messages: { content: { type: string }[] }[] };
      seen.push(asked);
      if (asked.messages[0]!.content[0]!.type === 'image_embeds') {
        response.statusCode = 400;
        return response.end(JSON.stringify({ error: { message: 'The model is not multimodal.', type: 'BadRequestError', code: 400 } }));
      }
      response.write('data: {"choices":[{"delta":{"content":"a red"}}]}\n\n');
      return response.end('data: {"choices":[{"delta":{"content":" bus"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

it('sends tokens to a server in the form that it takes', async () => {
  const { server, url, seen } = await textServer();
  const args = ['a.png', 'What is it?', '--llm', url, '--projector', 'talker/mm_projector.safetensors'];
  // Of a server's model nothing says how pictures are read: the projector takes four cells of the tower at once, and LLaVA's one.
  expect(await run('ask', ...args)).toMatchObject({ status: 4, stdout: '' });
  const { answer: said, model, finishReason } = await answer(...args, '--read-as', 'talker');
  server.close();
  expect([said, finishReason]).toEqual(['a red bus', 'stop']);
  expect(model.served).toBe('tiny');
  const last = seen.at(-1) as {
    max_tokens: number;
    temperature: number;
    messages: { content: { type: string; text?: string; data?: string }[] }[];
  };
  expect([last.max_tokens, last.temperature]).toEqual([12, 0]);
  const [picture, question] = last.messages[0]!.content;
  expect([picture!.type, question!.text]).toEqual(['prompt_embeds', 'What is it?']);
  expect(Buffer.from(picture!.data!, 'base64').subarray(0, 2).toString()).toBe('PK');
});
