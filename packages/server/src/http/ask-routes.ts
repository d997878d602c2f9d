import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import { askRequest, type AskRequest } from '../api/requests.ts';
import { askResponse } from '../api/responses.ts';
import { chatRequest, readChat } from '../api/chat.ts';
import type { PictureReference } from '../inference/job.ts';
import type { AskResult } from '../inference/run-job.ts';
import { describeRoute } from './describe-route.ts';
import { tell } from './error-response.ts';
import { check, pictureFrom, readJson, readRequest } from './read-request.ts';
import { runInLane, type ServerParts } from './server-parts.ts';

/** How the answer to a question is written, whole or in pieces. */
interface Wording {
  readonly whole: (result: AskResult) => object;
  readonly piece: (text: string) => object;
  readonly end: (result: AskResult) => object;
}

/** `/v1/ask`, and the same in the shape that programs written for OpenAI's servers know. */
export function askRoutes(app: OpenAPIHono, parts: ServerParts): void {
  const model = parts.models.ask ?? 'none';
  describeRoute(app, {
    path: '/v1/ask',
    summary: 'Answers a question about the picture',
    request: askRequest,
    answer: askResponse,
    streams: true,
  });
  const whole = (result: AskResult): object => ({ schemaVersion: 1, model, ...result });
  app.post('/v1/ask', async (c) => {
    const { picture, request } = await readRequest(c, askRequest, parts.urls);
    return await answer(c, parts, [picture], request, { whole, piece: (text) => ({ text }), end: whole });
  });
  app.post('/v1/chat/completions', async (c) => {
    const chat = check(chatRequest, await readJson(c));
    const { images, ...question } = readChat(chat);
    const pictures = await Promise.all(images.map(async (url) => ({ bytes: await pictureFrom(url, parts.urls, c.req.raw.signal) })));
    const head = { id: `chatcmpl-${crypto.randomUUID()}`, created: Math.floor(Date.now() / 1000), model: chat.model ?? model };
    const chunk = (delta: object, reason: AskResult['finishReason'] | null): object => ({
      ...head,
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta, finish_reason: reason }],
    });
    return await answer(c, parts, pictures, question, {
      whole: ({ answer: content, finishReason }) => ({
        ...head,
        object: 'chat.completion',
        choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: finishReason }],
      }),
      piece: (content) => chunk({ content }, null),
      end: ({ finishReason }) => chunk({}, finishReason),
    });
  });
  app.get('/v1/models', (c) => {
    const data = [...new Set(Object.values(parts.models))].map((id) => ({ id, object: 'model', owned_by: 'vitamin' }));
    return c.json({ object: 'list', data });
  });
}

async function answer(
  c: Context,
  parts: ServerParts,
  pictures: readonly PictureReference[],
  request: AskRequest,
  wording: Wording,
): Promise<Response> {
  const job = { kind: 'ask', pictures, request } as const;
  const run = (say?: (piece: string) => void): Promise<AskResult> =>
    runInLane(parts, 'language', c.req.raw.signal, (signal) => parts.thread.run<AskResult>(job, { signal, say }));
  if (!request.stream) return c.json(wording.whole(await run()));
  let result: Promise<AskResult> | undefined;
  const pieces = new ReadableStream<string>({
    start(controller) {
      result = run((piece) => controller.enqueue(piece));
      result.then(
        () => controller.close(),
        (error: unknown) => controller.error(error),
      );
    },
  });
  const reader = pieces.getReader();
  // What refuses the request comes before the first piece, and still has a status of its own.
  const first = await reader.read();
  return streamSSE(c, async (stream) => {
    const send = (data: object): Promise<void> => stream.writeSSE({ data: JSON.stringify(data) });
    try {
      for (let next = first; !next.done; next = await reader.read()) await send(wording.piece(next.value));
      await send(wording.end(await result!));
    } catch (error) {
      await send({ error: tell(error).error });
    }
    await stream.writeSSE({ data: '[DONE]' });
  });
}
