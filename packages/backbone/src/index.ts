export { cleanText } from './text/clean-text.ts';
export { ClipTokenizer } from './text/clip-tokenizer.ts';
export type { TokenBatch, TokenizeOptions } from './text/clip-tokenizer.ts';
export { parseClassesFile, parseLabels } from './text/labels.ts';
export type { Label } from './text/labels.ts';
export { promptSets } from './text/prompt-sets.ts';
export type { PromptSet, PromptSetName } from './text/prompt-sets.ts';
export { fillPrompts } from './text/prompts.ts';
export type { Prompts } from './text/prompts.ts';
