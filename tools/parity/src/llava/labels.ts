import { type Tensor, tensor } from '@vitamin-vlm/core';
import {
  IGNORED,
  labelCaption,
  labelConversation,
  type LabeledSample,
  labelRuns,
  type LlamaTokenizer,
  llavaRate,
  mergeSamples,
  type SampleTurn,
  warmUpSteps,
} from '@vitamin-vlm/llava-bridge';
import type { Golden } from '../golden/golden.ts';
import { llamaTokenizer } from './pieces.ts';

/** Samples of the file by name, without legacy. */
export type Samples = ReadonlyMap<string, LabeledSample>;

/** Ids and labels of training samples, in both modes of the tokenizer. */
export function compareLabels(golden: Golden): Samples {
  const samples = new Map<string, LabeledSample>();
  const tokenizers = { legacyFalse: llamaTokenizer(false), legacyTrue: llamaTokenizer(true) };
  for (const kind of ['v1', 'plain'] as const) {
    for (const i of golden.at(kind).keys()) {
      const row = golden.at(kind, i);
      const name = row.at('name').takeText();
      const turns = row.at('conversations').take() as SampleTurn[];
      for (const [mode, tokenizer] of Object.entries(tokenizers)) {
        const sample = label(tokenizer, kind, turns);
        row.at(mode, 'inputIds').equal(sample.ids);
        row.at(mode, 'trainedRuns').equal(labelRuns(sample.labels));
        row.at(mode, 'warning').equal(sample.warning);
        if (mode === 'legacyFalse') samples.set(name, sample);
      }
      if (row.has('hasImage')) row.at('hasImage').equal(turns.some(({ value }) => value.includes('<image>')));
    }
  }
  return samples;
}

function label(tokenizer: LlamaTokenizer, kind: 'v1' | 'plain', turns: readonly SampleTurn[]): LabeledSample {
  return kind === 'v1' ? labelConversation(tokenizer, turns) : labelCaption(tokenizer, turns);
}

/** Batches with pictures in them: where everything stands, and the embeddings. */
export async function compareMerge(
  golden: Golden,
  samples: Samples,
  pictures: readonly Tensor<'float32'>[],
  embed: (ids: readonly number[]) => Promise<Tensor<'float32'>>,
): Promise<void> {
  for (const name of golden.keys()) {
    const row = golden.at(name);
    const [, padding, limit] = /^padding_(left|right)_maxLength_(\w+)$/u.exec(name)!;
    const chosen = (row.at('samples').take() as string[]).map((each) => samples.get(each)!);
    row.at('batchInputIdsShape').equal([chosen.length, Math.max(...chosen.map(({ ids }) => ids.length))]);
    // A sample without a picture skips one of the list.
    const inUse = chosen.map((_, i) => pictures[i % 2]!);
    const batch = mergeSamples(
      chosen,
      inUse.map(({ shape }) => shape[0]!),
      { padding: padding as 'left' | 'right', ...(limit === 'None' ? {} : { maxLength: Number(limit) }) },
    );
    const words = await embed(batch.ids);
    const width = words.shape[1]!;
    const rows = [words, ...inUse].flatMap(({ data }) => Array.from(data));
    const embeds = Float32Array.from(
      { length: batch.rows * batch.length * width },
      (_, i) => rows[batch.index[Math.floor(i / width)]! * width + (i % width)] ?? 0,
    );
    row.at('mergedShape').equal([batch.rows, batch.length, width]);
    row.at('embeds').tensor(tensor('float32', [batch.rows, batch.length, width], embeds));
    row.at('rowLengths').equal(batch.lengths);
    const split = <T>(list: readonly T[]): T[][] => batch.lengths.map((_, i) => list.slice(i * batch.length, (i + 1) * batch.length));
    row.at('labelRuns').equal(split(batch.labels).map(labelRuns));
    row.at('attentionMaskRuns').equal(split(batch.mask).map((mask) => labelRuns(mask.map((isToken) => (isToken ? 1 : IGNORED)))));
    // Counted from each row's first token, 0 where none is.
    row.at('positionIdsFirstLast').equal(split(batch.mask).map((mask, i) => [0, mask.at(-1) ? batch.lengths[i]! - 1 : 0]));
    row.at('positionIdsReturned').take();
  }
}

/** Learning rates. The file counts steps from 0. */
export function compareSchedule(golden: Golden): void {
  for (const name of golden.keys()) {
    const row = golden.at(name);
    const total = row.at('totalSteps').takeNumber();
    const base = row.at('baseLr').takeNumber();
    row.at('warmupSteps').equal(warmUpSteps(total));
    const rates = row.at('lrUsedByOptimizerStep');
    const rate = llavaRate(base, total);
    for (const step of rates.keys()) rates.at(step).numbers([rate(Number(step) + 1)]);
  }
}
