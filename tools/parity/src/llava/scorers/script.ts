import { answerText, answerTo, type BenchmarkQuestion, pictureMessage, renderPrompt } from '@vitamin-vlm/llava-bridge';
import type { Golden } from '../../golden/golden.ts';
import { llamaTokenizer } from '../pieces.ts';
import type { ScorerFiles } from './scorer-files.ts';

/** The answer file of one of LLaVA's scripts, whose model said this. */
export function compareScript(files: ScorerFiles, path: string, questions: readonly BenchmarkQuestion[], said: readonly string[]): void {
  const [{ model_id: model = '' } = {}] = files.answers(path).answers;
  files.written(path, answerText(said.map((text, i) => answerTo(questions[i]!, text, model, i))));
}

/** Ids of the prompts of the first questions. */
export function comparePrompts(golden: Golden, questions: readonly BenchmarkQuestion[]): void {
  golden.take();
  for (const i of golden.keys()) golden.at(i).equal(promptIds(questions[Number(i)]!));
}

/** The prompt of a question, with LLaMA's tokenizer as Vicuna has it. */
export function promptIds({ asked, image }: BenchmarkQuestion): number[] {
  const parts = renderPrompt('vicuna_v1', [pictureMessage(asked, image === undefined ? 0 : 1), null]);
  return [...tokenizer().encodePrompt(parts)];
}

let known: ReturnType<typeof llamaTokenizer> | undefined;
function tokenizer(): ReturnType<typeof llamaTokenizer> {
  known ??= llamaTokenizer(false);
  return known;
}

/** What LLaVA's script passes on to the model: greedy, one beam, so many tokens. */
export function compareGenerate(golden: Golden, maxTokens: number): void {
  const greedy: Record<string, unknown> = {
    do_sample: false,
    temperature: 0,
    top_p: null,
    num_beams: 1,
    use_cache: true,
    max_new_tokens: maxTokens,
  };
  for (const name of golden.keys()) golden.at(name).equal(greedy[name]);
}
