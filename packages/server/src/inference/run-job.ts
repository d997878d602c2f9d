import type { WorkOptions } from '@vitamin-vlm/core';
import type { FinishReason, VisualTokens } from '@vitamin-vlm/llava-bridge';
import type { AskRequest } from '../api/requests.ts';
import { classify, type Desk, detect, encode, segment } from './answers.ts';
import type { Job, PictureReference, ServedModels } from './job.ts';
import { describeModels, infer } from './protocol-models.ts';

/** What comes of a question. */
export interface AskResult {
  readonly key: string | undefined;
  readonly answer: string;
  readonly finishReason: FinishReason;
}

/**
 * Does what a request asks for.
 *
 * @param say - Takes the pieces of an answer in words while they come.
 * @returns Plain data that can be posted to another thread.
 * @throws VitaminError as the models do.
 */
export async function runJob(
  desk: Desk,
  served: ServedModels,
  job: Job,
  options: WorkOptions,
  say: (piece: string) => void,
): Promise<unknown> {
  switch (job.kind) {
    case 'detect':
      return await detect(desk, job.picture, job.request, options);
    case 'segment':
      return await segment(desk, job.picture, job.request, options);
    case 'classify':
      return await classify(desk, job.picture, job.request, options);
    case 'encode':
      return await encode(desk, job.picture, options);
    case 'ask':
      return await ask(desk, job.pictures, job.request, options, say);
    case 'infer':
      return await infer(desk, job.model, job.inputs, options);
    default:
      return await describeModels(desk, served);
  }
}

async function ask(
  desk: Desk,
  references: readonly PictureReference[],
  request: AskRequest,
  { signal }: WorkOptions,
  say: (piece: string) => void,
): Promise<AskResult> {
  const { question, history, maxTokens = 256, temperature, topP, seed, stop } = request;
  const bridge = await desk.models.bridge();
  const seen: VisualTokens[] = [];
  let key: string | undefined;
  for (const reference of references) {
    const opened = desk.pictures.open(reference);
    key ??= opened.key;
    seen.push(await desk.pictures.find(opened.key, 'tokens', () => bridge.tokens(opened.bytes, { signal })));
  }
  let answer = '';
  let finishReason: FinishReason = 'stop';
  const onFinish = (reason: FinishReason): void => void (finishReason = reason);
  for await (const piece of bridge.ask(seen, question, { history, maxTokens, temperature, topP, seed, stop, signal, onFinish })) {
    answer += piece;
    say(piece);
  }
  return { key, answer: answer.trim(), finishReason };
}
