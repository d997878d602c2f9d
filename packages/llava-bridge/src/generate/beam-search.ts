import { type Tensor, tensor, throwIfAborted, type WorkOptions } from '@vitamin-vlm/core';
import type { Decoder, DecoderOutput } from '../decoder/decoder.ts';

/** How a beam search runs. */
export interface BeamOptions extends Pick<WorkOptions, 'signal'> {
  readonly beams: number;
  /** Default 512. */
  readonly maxTokens?: number | undefined;
  /** A score is the sum of log-probabilities / length ^ this. Default 1. */
  readonly lengthPenalty?: number | undefined;
  /** Stop as soon as there are as many finished answers as beams. Default false: until no beam can beat them. */
  readonly earlyStopping?: boolean | undefined;
  /** Ids that end an answer. Default: the model's. */
  readonly eos?: readonly number[] | undefined;
}

/** An answer of a beam search. */
export interface Beam {
  /** New ids, the ending one included. */
  readonly ids: readonly number[];
  readonly score: number;
}

/** A beam that no token has joined yet: none but the first is live in the beginning. */
const DEAD = -1e9;

/**
 * Beam search by the rules of transformers' `generate` (version 4.37): best first.
 *
 * @param prompt - Embeddings of text and pictures, [L, H].
 * @throws VitaminError as `Decoder.read`.
 */
export async function beamSearch(decoder: Decoder, prompt: Tensor<'float32'>, options: BeamOptions): Promise<Beam[]> {
  const { beams: count, maxTokens = 512, lengthPenalty = 1, eos = decoder.model.config.eos, signal } = options;
  const finished = new Finished(count, lengthPenalty, options.earlyStopping ?? false);
  let live = Array.from({ length: count }, (_, i): Beam => ({ ids: [], score: i === 0 ? 0 : DEAD }));
  let output: DecoderOutput = await decoder.read([prompt], undefined, { signal });
  output = {
    logits: repeated(output.logits, count),
    cache: decoder.select(
      output.cache,
      live.map(() => 0),
    ),
  };
  for (let length = 1; length <= maxTokens; length++) {
    throwIfAborted(signal);
    const pairs = bestPairs(output.logits, live, 2 * count);
    const next: { beam: Beam; from: number }[] = [];
    for (const [rank, { from, id, score }] of pairs.entries()) {
      const ids = [...live[from]!.ids, id];
      if (eos.includes(id)) {
        if (rank < count) finished.add(ids, score);
      } else next.push({ beam: { ids, score }, from });
      if (next.length === count) break;
    }
    live = next.map(({ beam }) => beam);
    if (finished.isDone(pairs[0]!.score, length)) return finished.best;
    if (length === maxTokens) break;
    const cache = decoder.select(
      output.cache,
      next.map(({ from }) => from),
    );
    const { data, shape } = await decoder.embed(
      live.map(({ ids }) => ids.at(-1)!),
      { signal },
    );
    const width = shape[1]!;
    const rows = live.map((_, row) => tensor('float32', [1, width], data.subarray(row * width, (row + 1) * width)));
    output = await decoder.read(rows, cache, { signal });
  }
  for (const { ids, score } of live) finished.add(ids, score);
  return finished.best;
}

/** Answers that have ended, as many as there are beams at most. */
class Finished {
  readonly #count: number;
  readonly #penalty: number;
  readonly #early: boolean;
  #beams: Beam[] = [];

  constructor(count: number, penalty: number, early: boolean) {
    this.#count = count;
    this.#penalty = penalty;
    this.#early = early;
  }

  add(ids: readonly number[], sum: number): void {
    const beam = { ids, score: sum / ids.length ** this.#penalty };
    // Of equal scores the earlier one stands first, and a later one does not displace it.
    this.#beams = [...this.#beams, beam].toSorted((a, b) => b.score - a.score).slice(0, this.#count);
  }

  isDone(bestSum: number, length: number): boolean {
    if (this.#beams.length < this.#count) return false;
    return this.#early || this.#beams.at(-1)!.score >= bestSum / length ** this.#penalty;
  }

  get best(): Beam[] {
    return this.#beams;
  }
}

/** The best continuations of all live beams, best first; of equal ones the one of the earlier beam and smaller id. */
function bestPairs(
  { data, shape }: Tensor<'float32'>,
  live: readonly Beam[],
  count: number,
): { from: number; id: number; score: number }[] {
  const width = shape[1]!;
  const pairs: { from: number; id: number; score: number }[] = [];
  for (const [from, { score: before }] of live.entries()) {
    const scores = data.subarray(from * width, (from + 1) * width);
    const total = logSumExp(scores);
    for (let id = 0; id < width; id++) {
      const score = before + scores[id]! - total;
      if (pairs.length === count && score <= pairs.at(-1)!.score) continue;
      const at = pairs.findIndex((pair) => pair.score < score);
      pairs.splice(at === -1 ? pairs.length : at, 0, { from, id, score });
      if (pairs.length > count) pairs.pop();
    }
  }
  return pairs;
}

function logSumExp(scores: Float32Array): number {
  let top = Number.NEGATIVE_INFINITY;
  for (const score of scores) top = Math.max(top, score);
  let sum = 0;
  for (const score of scores) sum += Math.exp(score - top);
  return top + Math.log(sum);
}

function repeated({ data, shape }: Tensor<'float32'>, count: number): Tensor<'float32'> {
  const out = tensor('float32', [count, shape[1]!]);
  for (let i = 0; i < count; i++) out.data.set(data, i * data.length);
  return out;
}
