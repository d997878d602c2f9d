import { parsePrompt } from '../prompt/prompt-part.ts';
import type { LlamaTokenizer } from '../tokenizer/llama-tokenizer.ts';

/**
 * Whether generated ids end with one of the keywords, or their last few read as text that holds one: LLaVA's `KeywordsStoppingCriteria`. As many ids are read
 * as the longest keyword has, so a keyword that other tokens spell may be missed; an ordinary generation searches its text for stop strings instead.
 *
 * @param ids - Prompt and answer.
 * @param promptLength - Ids of the prompt.
 */
export function endsWithKeyword(
  tokenizer: LlamaTokenizer,
  keywords: readonly string[],
  ids: readonly number[],
  promptLength: number,
): boolean {
  const keywordIds = keywords.map((keyword) => keywordIdsOf(tokenizer, keyword));
  if (keywordIds.some((wanted) => wanted.join() === ids.slice(-wanted.length).join())) return true;
  const longest = Math.max(0, ...keywordIds.map(({ length }) => length));
  const tail = tokenizer.decode(ids.slice(-Math.min(ids.length - promptLength, longest)));
  return keywords.some((keyword) => tail.includes(keyword));
}

/** The ids of a keyword, without the beginning unless it is alone. */
export function keywordIdsOf(tokenizer: LlamaTokenizer, keyword: string): number[] {
  const ids = tokenizer.encodePrompt(parsePrompt(keyword, tokenizer.specials.keys()));
  return ids.length > 1 ? ids.slice(1) : ids;
}
