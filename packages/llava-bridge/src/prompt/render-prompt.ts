import { VitaminError } from '@vitamin-vlm/core';
import { PICTURE, parsePrompt, type PromptPart, specialPart, textPart } from './prompt-part.ts';
import type { Template } from './template.ts';
import { templateOf } from './template-of.ts';

/** What one side says: text that stays text, or parts with pictures in them; null where the model is to answer. */
export type Message = string | readonly PromptPart[] | null;

/**
 * Writes a conversation down as a prompt, part by part: text, special tokens, places of pictures. Messages take turns, the first one asks.
 *
 * @param template - A name or a template of your own.
 * @throws VitaminError `USAGE` for an unknown template; for `plain` with an answer, and for `llama-2` without a first message, which LLaVA cannot write either.
 * @example
 * ```ts
 * import { PICTURE, promptText, renderPrompt, textPart } from '@vitamin-vlm/llava-bridge';
 * const parts = renderPrompt('vicuna_v1', [[PICTURE, textPart('\nWhat is in this image?')], null]);
 * console.log(promptText(parts)); // A chat between … USER: <image>\nWhat is in this image? ASSISTANT:
 * ```
 */
export function renderPrompt(template: string | Template, conversation: readonly Message[]): PromptPart[] {
  const written = templateOf(template);
  const messages = [...written.examples, ...conversation].map(partsOf);
  return joined(writers[written.style](written, messages));
}

/** Where a question itself says where its pictures stand (LLaVA's command line). */
const PLACEHOLDER = '<image-placeholder>';

/**
 * A question about pictures: each on a line before the text, or where `<image-placeholder>` stands in it.
 *
 * @param pictures - Default: as many as there are placeholders, or one.
 * @throws VitaminError `USAGE` when there are placeholders, but not as many as pictures.
 */
export function pictureMessage(question: string, pictures?: number): PromptPart[] {
  const texts = question.split(PLACEHOLDER).map(textPart);
  const places = texts.length - 1;
  if (places === 0) return [...Array.from({ length: pictures ?? 1 }, () => [PICTURE, textPart('\n')]).flat(), ...texts];
  if ((pictures ?? places) !== places) {
    throw new VitaminError('USAGE', `Expected as many ${PLACEHOLDER} as pictures but received ${places} for ${pictures}`);
  }
  return texts.flatMap((text, i) => (i === 0 ? [text] : [PICTURE, text])).filter(({ text }) => text !== '');
}

/**
 * The form of LLaVA's web demo: the picture moves to the front of the first message, wherever it stood; in templates of version `mmtag` to a turn of its own.
 */
export function withPictureFirst(template: string | Template, conversation: readonly Message[]): Message[] {
  const [first = null, ...rest] = conversation;
  const question = partsOf(first)
    .filter(({ kind }) => kind !== 'picture')
    .map(({ text }) => text)
    .join('')
    .trim();
  if (templateOf(template).version.includes('mmtag')) {
    return [[textPart('<Image>'), PICTURE, textPart('</Image>')], 'Received.', question, ...rest];
  }
  return [pictureMessage(question), ...rest];
}

type Writer = (template: Template, messages: readonly (readonly PromptPart[])[]) => PromptPart[];

/** Only separators are searched for special tokens: a system text may come from a user. */
const writers: Readonly<Record<Template['style'], Writer>> = {
  single: ({ system, roles, separators: [separator] }, messages) => [
    textPart(system),
    ...parsePrompt(separator),
    ...messages.flatMap((message, i) =>
      message.length > 0 ? [textPart(`${roles[i % 2]!}: `), ...message, ...parsePrompt(separator)] : [textPart(`${roles[i % 2]!}:`)],
    ),
  ],
  two: ({ system, roles, separators }, messages) => [
    textPart(system),
    ...parsePrompt(separators[0]),
    ...messages.flatMap((message, i) =>
      message.length > 0
        ? [textPart(`${roles[i % 2]!}: `), ...message, ...parsePrompt(separators[i % 2] ?? '')]
        : [textPart(`${roles[i % 2]!}:`)],
    ),
  ],
  mpt: ({ system, roles, separators: [separator] }, messages) => [
    textPart(system),
    ...parsePrompt(separator),
    ...messages.flatMap((message, i) => [textPart(roles[i % 2]!), ...message, ...(message.length > 0 ? parsePrompt(separator) : [])]),
  ],
  'llama-2': ({ system, separators: [begin, end] }, messages) => {
    if (!messages[0]?.length) throw new VitaminError('USAGE', 'Expected a first message for a template of style llama-2 but received none');
    const instructions = system === '' ? '' : `<<SYS>>\n${system}\n<</SYS>>\n\n`;
    return messages.flatMap((message, i) => {
      if (message.length === 0) return [];
      if (i % 2 === 1) return [textPart(' '), ...message, textPart(' '), ...parsePrompt(end ?? '')];
      // The tokenizer itself begins the prompt.
      return i === 0
        ? [textPart(`[INST] ${instructions}`), ...message, textPart(' [/INST]')]
        : [...parsePrompt(begin), textPart('[INST] '), ...message, textPart(' [/INST]')];
    });
  },
  'llama-3': ({ system, roles, separators: [end] }, messages) => [
    ...(system === '' ? [] : [...header('system'), textPart(system.trim()), specialPart(end)]),
    ...messages.flatMap((message, i) => [...header(roles[i % 2]!), ...trimmed(message), ...(message.length > 0 ? [specialPart(end)] : [])]),
  ],
  plain: ({ system, separators }, messages) => [
    textPart(system),
    ...messages.flatMap((message, i) => {
      if (message.length === 0) return [];
      const separator = separators[i % 2];
      if (typeof separator === 'string') return [...message, ...parsePrompt(separator)];
      throw new VitaminError('USAGE', 'Expected a question alone for a template of style plain but received an answer', {
        hint: 'For a conversation take vicuna_v1.',
      });
    }),
  ],
};

/** Before each message of Llama 3. */
function header(role: string): PromptPart[] {
  return [specialPart('<|start_header_id|>'), textPart(role), specialPart('<|end_header_id|>'), textPart('\n\n')];
}

/** A message without white space at its ends. */
function trimmed(message: readonly PromptPart[]): PromptPart[] {
  return message.map((part, i) => {
    if (part.kind !== 'text') return part;
    const text = i === 0 ? part.text.trimStart() : part.text;
    return textPart(i === message.length - 1 ? text.trimEnd() : text);
  });
}

function partsOf(message: Message): readonly PromptPart[] {
  const parts = typeof message === 'string' ? [textPart(message)] : (message ?? []);
  return parts.filter(({ text }) => text !== '');
}

/** Joins neighboring texts. */
function joined(pieces: readonly PromptPart[]): PromptPart[] {
  const parts: PromptPart[] = [];
  for (const part of pieces) {
    const last = parts.at(-1);
    if (part.text === '') continue;
    if (part.kind === 'text' && last?.kind === 'text') parts[parts.length - 1] = textPart(last.text + part.text);
    else parts.push(part);
  }
  return parts;
}
