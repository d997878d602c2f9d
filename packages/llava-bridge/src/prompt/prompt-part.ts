/**
 * A piece of a prompt. Text is only ever text: `<image>` or `</s>` in what a user typed never becomes a picture or the end of an answer, because a
 * picture and a special token are parts of their own.
 */
export interface PromptPart {
  readonly kind: 'text' | 'special' | 'picture';
  /** How it is written in a prompt: a special token's name for `special`, `<image>` for `picture`. */
  readonly text: string;
}

/** The place of a picture. */
export const PICTURE: PromptPart = { kind: 'picture', text: '<image>' };

/** Plain text. */
export function textPart(text: string): PromptPart {
  return { kind: 'text', text };
}

/** A special token, such as `</s>`. */
export function specialPart(text: string): PromptPart {
  return { kind: 'special', text };
}

/** Special tokens of LLaMA's vocabulary. */
export const LLAMA_SPECIALS: readonly string[] = ['<unk>', '<s>', '</s>'];

/**
 * Reads a prompt in which `<image>` stands for a picture and `</s>` for a special token, as LLaVA's own programs read every text. Not for what users
 * type: `textPart` is.
 *
 * @param specials - Names of special tokens; where several match, the longest counts.
 * @example
 * ```ts
 * import { parsePrompt } from '@vitamin-vlm/llava-bridge';
 * console.log(parsePrompt('USER: <image>\nWhat is it? ASSISTANT:').map(({ kind }) => kind)); // text, picture, text
 * ```
 */
export function parsePrompt(text: string, specials: Iterable<string> = LLAMA_SPECIALS): PromptPart[] {
  const names = [...new Set([PICTURE.text, ...specials])].filter((name) => name !== '').toSorted((a, b) => b.length - a.length);
  const pattern = new RegExp(`(${names.map((name) => name.replaceAll(/[\\^$.*+?()[\]{}|]/gu, String.raw`\$&`)).join('|')})`, 'u');
  // Every second piece is a match.
  return text.split(pattern).flatMap((piece, i): PromptPart[] => {
    if (i % 2 === 1) return [piece === PICTURE.text ? PICTURE : specialPart(piece)];
    return piece === '' ? [] : [textPart(piece)];
  });
}

/** The prompt as one text, for people. */
export function promptText(parts: readonly PromptPart[]): string {
  return parts.map(({ text }) => text).join('');
}
