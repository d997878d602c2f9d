import { Bridge } from '@vitamin-vlm/llava-bridge';
import { type Question, renderScene, type Split } from '@vitamin-vlm/picture-world';
import { join } from 'node:path';
import { grid, prompt, read } from './plan.ts';

/** Which scenes. */
export interface TalkerEvaluationOptions {
  readonly split: Split;
  readonly firstSeed: number;
  readonly scenes: number;
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Shares of right answers, from 0 to 1. */
export interface TalkerFigures {
  readonly accuracy: number;
  readonly kinds: Readonly<Record<Question['type'], number>>;
}

/** How many of picture-world's own questions a talker answers right, word for word. */
export async function evaluateTalker(
  model: string,
  tower: string,
  { split, firstSeed, scenes, threads, signal }: TalkerEvaluationOptions,
): Promise<TalkerFigures> {
  const projector = join(model, 'mm_projector.safetensors');
  await using bridge = await Bridge.load({ tower, projector, llm: join(model, 'model.safetensors'), grid, ...read, ...prompt, threads });
  const counts = new Map<Question['type'], { right: number; all: number }>();
  for (let seed = firstSeed; seed < firstSeed + scenes; seed++) {
    const { picture, questions } = renderScene(seed, { split });
    const tokens = await bridge.tokens(picture, { signal });
    for (const { type, question, answer } of questions) {
      let said = '';
      for await (const text of bridge.ask(tokens, question, { maxTokens: 64, signal })) said += text;
      const count = counts.get(type) ?? { right: 0, all: 0 };
      counts.set(type, { right: count.right + Number(said.trim() === answer), all: count.all + 1 });
    }
  }
  const all = [...counts.values()];
  const sum = (of: 'right' | 'all'): number => all.reduce((total, count) => total + count[of], 0);
  return {
    accuracy: sum('right') / sum('all'),
    kinds: Object.fromEntries([...counts].map(([type, count]) => [type, count.right / count.all])) as TalkerFigures['kinds'],
  };
}
