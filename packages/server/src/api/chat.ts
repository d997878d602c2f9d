import { z } from '@hono/zod-openapi';
import { VitaminError } from '@vitamin-vlm/core';
import type { AskRequest } from './requests.ts';

const part = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({ type: z.literal('image_url'), image_url: z.object({ url: z.string().min(1) }) }),
]);

/** The part of OpenAI's chat completions that a question about pictures needs (https://platform.openai.com/docs/api-reference/chat/create). */
export const chatRequest = z.object({
  model: z.string().optional(),
  messages: z
    .array(
      z.object({
        role: z.enum(['system', 'developer', 'user', 'assistant']),
        content: z.union([z.string(), z.array(part)]),
      }),
    )
    .min(1)
    .max(128),
  max_tokens: z.int().min(1).max(4096).optional(),
  max_completion_tokens: z.int().min(1).max(4096).optional(),
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().gt(0).max(1).optional(),
  seed: z.int().min(0).optional(),
  stop: z.union([z.string(), z.array(z.string()).max(8)]).nullish(),
  stream: z.boolean().nullish(),
  n: z.literal(1, 'Expected one choice').optional(),
});

export type ChatRequest = z.infer<typeof chatRequest>;

/**
 * A chat as a question with what was said before.
 *
 * @returns Addresses or data: URLs of the pictures in their order, and the question.
 * @throws VitaminError `USAGE` for messages that are not user, assistant, user in turn, for pictures after the first question, and for a system message, which
 *   the model's template has no place for.
 */
export function readChat(chat: ChatRequest): AskRequest & { images: string[] } {
  const images: string[] = [];
  const said = chat.messages.map(({ role, content }, i) => {
    if (role === 'system' || role === 'developer') {
      throw new VitaminError('USAGE', `Expected messages of user and assistant but received one of ${role}`, {
        hint: 'Put it into the question: the system text belongs to the template that the model was trained with.',
      });
    }
    if (role !== (i % 2 === 0 ? 'user' : 'assistant')) throw new VitaminError('USAGE', 'Expected messages of user and assistant in turn');
    if (typeof content === 'string') return content;
    const urls = content.flatMap((one) => (one.type === 'image_url' ? [one.image_url.url] : []));
    if (urls.length > 0 && i > 0) throw new VitaminError('USAGE', 'Expected all pictures in the first message');
    images.push(...urls);
    return content.flatMap((one) => (one.type === 'text' ? [one.text] : [])).join('\n');
  });
  if (said.length % 2 === 0) throw new VitaminError('USAGE', 'Expected a message of the user at the end');
  const { temperature, top_p: topP, seed, stop } = chat;
  return {
    images,
    question: said.at(-1)!,
    history: said.slice(0, -1),
    maxTokens: chat.max_completion_tokens ?? chat.max_tokens,
    temperature,
    topP,
    seed,
    stop: typeof stop === 'string' ? [stop] : (stop ?? undefined),
    stream: chat.stream ?? false,
  };
}
