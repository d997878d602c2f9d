import { Bridge, normalizeAnswer } from '@vitamin-vlm/llava-bridge';
import { type Question, renderScene, type Split } from '@vitamin-vlm/picture-world';
import { BlindAnswerer } from './blind.ts';
import { captionQuestions } from './plan.ts';

/** Which scenes. */
export interface TalkerEvaluationOptions {
  readonly split: Split;
  readonly firstSeed: number;
  readonly scenes: number;
  /** Whether to tell what an answerer that does not look gets. */
  readonly blind?: boolean;
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Shares of right answers, from 0 to 1, all together and by kind of question. */
export interface TalkerFigures {
  readonly questions: number;
  readonly accuracy: number;
  readonly kinds: Readonly<Record<string, number>>;
  /** The same of the answer that is most frequent in training. */
  readonly blind?: { readonly accuracy: number; readonly kinds: Readonly<Record<string, number>> };
}

/** How many of picture-world's own questions a talker answers right: equal to the answer after the normalization of the VQA authors. */
export async function evaluateTalker(model: string, tower: string, options: TalkerEvaluationOptions): Promise<TalkerFigures> {
  const { split, firstSeed, scenes, threads, signal } = options;
  await using bridge = await Bridge.load({ tower, llm: model, threads });
  const blind = options.blind === true ? await BlindAnswerer.learn() : undefined;
  const [seen, unseen] = [new Tally(), new Tally()];
  for (let seed = firstSeed; seed < firstSeed + scenes; seed++) {
    const { picture, questions } = renderScene(seed, { split });
    const tokens = await bridge.tokens(picture, { signal });
    for (const question of questions) {
      const truth = normalizeAnswer(question.answer);
      let said = '';
      for await (const text of bridge.ask(tokens, question.question, { maxTokens: 64, signal })) said += text;
      seen.count(question, normalizeAnswer(said) === truth);
      if (blind) unseen.count(question, blind.answer(question) === truth);
    }
  }
  return { questions: seen.questions, ...seen.shares(), ...(blind && { blind: unseen.shares() }) };
}

/** What a talker says of scenes, beside what they are. */
export async function describeScenes(
  model: string,
  tower: string,
  { split, firstSeed, scenes }: TalkerEvaluationOptions,
): Promise<{ readonly seed: number; readonly said: string; readonly truth: string }[]> {
  await using bridge = await Bridge.load({ tower, llm: model });
  const told: { seed: number; said: string; truth: string }[] = [];
  for (let seed = firstSeed; seed < firstSeed + scenes; seed++) {
    const { picture, captions } = renderScene(seed, { split });
    let said = '';
    for await (const text of bridge.ask(picture, captionQuestions[0]!, { maxTokens: 96 })) said += text;
    told.push({ seed, said: said.trim(), truth: captions[0]! });
  }
  return told;
}

/** Right answers by kind of question. */
class Tally {
  readonly #counts = new Map<Question['type'], { right: number; all: number }>();

  count({ type }: Question, isRight: boolean): void {
    const count = this.#counts.get(type) ?? { right: 0, all: 0 };
    this.#counts.set(type, { right: count.right + Number(isRight), all: count.all + 1 });
  }

  get questions(): number {
    return [...this.#counts.values()].reduce((sum, { all }) => sum + all, 0);
  }

  shares(): { accuracy: number; kinds: Record<string, number> } {
    const right = [...this.#counts.values()].reduce((sum, count) => sum + count.right, 0);
    return {
      accuracy: right / this.questions,
      kinds: Object.fromEntries([...this.#counts].map(([type, count]) => [type, count.right / count.all])),
    };
  }
}
