import { VitaminError } from '@vitamin-vlm/core';
import { type BenchmarkQuestion, type Bridge, openBenchmark } from '@vitamin-vlm/llava-bridge';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Context } from '../command.ts';
import type { promptFlags } from '../bridge-flags.ts';
import type { Evaluation, Places } from './evaluation.ts';
import { fileDigest } from './file-digest.ts';
import type { questionFlags } from './question-flags.ts';
import type { runFlags } from './run-flags.ts';
import { answerScorer, type AnswerResult, type AnswerSettings } from './score-answers.ts';

type AnswerContext = Context<
  typeof questionFlags &
    typeof runFlags &
    typeof promptFlags & {
      readonly llm: { readonly kind: 'text'; readonly help: string; readonly default: string };
      readonly maxTokens: { readonly kind: 'whole'; readonly help: string };
    }
>;

/** Where questions, pictures and their truth lie, in absolute paths, and which benchmark they are of. @throws VitaminError `USAGE` or `INPUT_NOT_FOUND`. */
export function findQuestions({
  flags,
}: {
  readonly flags: Pick<AnswerContext['flags'], 'root' | 'benchmark' | 'questions' | 'images' | 'annotations'>;
}): { benchmark: string; places: Places } {
  const { root, questions, images, annotations } = flags;
  if (root !== undefined) {
    const place = (name: string): string => resolve(root, name);
    return { benchmark: 'picture-world', places: { questions: place('annotations/questions.json'), images: place('images') } };
  }
  const { benchmark } = flags;
  if (benchmark === undefined || questions === undefined) {
    throw new VitaminError('USAGE', 'Expected --benchmark NAME with --questions FILE, or --root DIR, but received neither');
  }
  return {
    benchmark,
    places: {
      questions: resolve(questions),
      ...(images === undefined ? {} : { images: resolve(images) }),
      ...(annotations === undefined ? {} : { annotations: resolve(annotations) }),
    },
  };
}

/**
 * A bridge on the questions of a benchmark, greedily, with as many tokens as LLaVA's scripts allow.
 *
 * @throws VitaminError `USAGE` without --images for questions about files; `INPUT_NOT_FOUND` or `INPUT_UNREADABLE` for the questions.
 */
export async function answerEvaluation(
  { flags }: AnswerContext,
  bridge: Bridge,
  benchmark: string,
  places: Places,
): Promise<Evaluation<AnswerResult>> {
  const { maxTokens, questions: read } = openBenchmark(benchmark);
  const all = await read(places['questions']!);
  const questions = all.slice(0, flags.limit);
  const { images } = places;
  if (images === undefined && questions.some(({ image }) => typeof image === 'string')) {
    throw new VitaminError('USAGE', 'Expected --images DIR, where the pictures of the questions lie, but received none');
  }
  if (images !== undefined && !(await stat(images).catch(() => undefined))?.isDirectory()) {
    throw new VitaminError('INPUT_NOT_FOUND', `Expected a folder of pictures at ${images} but found none`);
  }
  const data: AnswerSettings = {
    benchmark,
    questions: { sha256: await fileDigest(places['questions']!) },
    count: questions.length,
    name: modelName(flags.llm),
  };
  const { system, roles, style, separators } = bridge.template;
  const asking = { system, roles, style, separators, maxTokens: flags.maxTokens ?? maxTokens };
  return {
    task: 'answer',
    items: questions.map(({ id }) => String(id)),
    settings: { data, model: bridge.identity, reading: bridge.recipe, asking, device: flags.device ?? 'cpu' },
    ...answerScorer(data, questions, places),
    work: async (index, signal) => {
      const question = questions[index]!;
      const options = { maxTokens: asking.maxTokens, temperature: 0, signal };
      let text = '';
      for await (const piece of bridge.ask(picturesOf(question, images), question.asked, options)) text += piece;
      return { text: text.trim() };
    },
  };
}

function picturesOf({ image }: BenchmarkQuestion, folder: string | undefined): readonly (string | Uint8Array)[] {
  if (image === undefined) return [];
  return [typeof image === 'string' ? join(folder!, image) : image];
}

/** The name of a model as LLaVA's scripts derive it from its path. */
function modelName(address: string): string {
  const parts = address.split('/').filter((part) => part !== '');
  const last = parts.at(-1) ?? address;
  return last.startsWith('checkpoint-') && parts.length > 1 ? `${parts.at(-2)}_${last}` : last;
}
