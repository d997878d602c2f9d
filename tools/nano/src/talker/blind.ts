import { normalizeAnswer } from '@vitamin-vlm/llava-bridge';
import { type Question, renderScene } from '@vitamin-vlm/picture-world';

/** Scenes of stream `train` from whose questions the habit is formed; they are drawn small, for nobody looks at them. */
const SCENES = 2000;
const SIDE = 64;

/** Answers without looking: to each question what it is answered most often in training, to a new one what its kind is. */
export class BlindAnswerer {
  readonly #byQuestion = new Map<string, Map<string, number>>();
  readonly #byType = new Map<string, Map<string, number>>();

  /** Counts the answers of many scenes. */
  static async learn(): Promise<BlindAnswerer> {
    const blind = new BlindAnswerer();
    for (let seed = 0; seed < SCENES; seed++) {
      for (const { type, question, answer } of renderScene(seed, { width: SIDE }).questions) {
        blind.#count(blind.#byQuestion, question, answer);
        blind.#count(blind.#byType, type, answer);
      }
      // The canvas frees its memory when the event loop turns.
      if (seed % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    return blind;
  }

  answer({ type, question }: Question): string {
    const counts = this.#byQuestion.get(question) ?? this.#byType.get(type) ?? new Map<string, number>();
    return [...counts].reduce((best, entry) => (entry[1] > best[1] ? entry : best), ['', 0])[0];
  }

  #count(table: Map<string, Map<string, number>>, key: string, answer: string): void {
    const counts = table.get(key) ?? new Map<string, number>();
    const normal = normalizeAnswer(answer);
    counts.set(normal, (counts.get(normal) ?? 0) + 1);
    table.set(key, counts);
  }
}
