import { EMBEDDED_MODEL } from '@vitamin-vlm/backbone';
import type { WorkOptions } from '@vitamin-vlm/core';
import type { Picture } from '@vitamin-vlm/image';
import { Bridge } from '@vitamin-vlm/llava-bridge';

/** A question about a picture, what was answered, and the milliseconds from the question to its last word. */
export interface Asked {
  readonly question: string;
  readonly answer: string;
  readonly milliseconds: number;
}

/**
 * Asks the embedded talker a question about a picture. It looks at the picture with a pass of its own: a language model is shown the whole at once, not windows of it.
 *
 * @throws VitaminError as `Bridge.load` and `Bridge.ask`.
 */
export async function askPicture(picture: Picture, question: string, options: WorkOptions = {}): Promise<Asked> {
  await using bridge = await Bridge.load({ ...options, tower: EMBEDDED_MODEL, llm: `${EMBEDDED_MODEL}/talker` });
  const started = performance.now();
  let answer = '';
  for await (const text of bridge.ask(picture, question, options)) answer += text;
  return { question, answer: answer.trim(), milliseconds: performance.now() - started };
}
