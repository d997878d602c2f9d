import { type Backbone, cosineSimilarity, topK } from '@vitamin-vlm/backbone';
import { type Tensor, tensor } from '@vitamin-vlm/core';
import type { Context } from '../command.ts';
import type { inputFlags, modelFlags } from '../flags.ts';
import { type Batch, eachInput, expandInputs, failures, namedInputs, stoppedEarly } from '../inputs.ts';
import { describeModel, loadModel } from '../model.ts';
import { pictureSource } from '../picture-source.ts';
import { oneLine } from '../text.ts';

/** Pictures in a line of text. */
const SHOWN = 5;

/** Embeddings of the pictures that could be read. */
export interface EmbeddedImages {
  readonly files: readonly string[];
  /** [N, E], not normalized. */
  readonly embeddings: Tensor<'float32'>;
  readonly batch: Batch;
}

/** `vitamin retrieve --query`: pictures by cosine similarity to texts, best first. */
export async function rank(
  context: Context<typeof modelFlags & typeof inputFlags>,
  queries: readonly string[],
  top: number | undefined,
): Promise<number> {
  const { output, signal, writer } = context;
  const inputFiles = await expandInputs(await namedInputs(context));
  await using backbone = await loadModel(context);
  const texts = await backbone.embedTexts(queries, { signal });
  const { files, embeddings, batch } = await embedImages(context, backbone, inputFiles);
  const answers: object[] = [];
  if (files.length > 0) {
    const { data } = cosineSimilarity(texts, embeddings);
    for (const [i, query] of queries.entries()) {
      const row = data.subarray(i * files.length, (i + 1) * files.length);
      const images = topK(row, top ?? files.length).map(({ index, score }) => ({ file: files[index]!, score }));
      answers.push({ query, images });
      const lines = images.slice(0, top ?? SHOWN).map(({ file, score }) => `${score.toFixed(3)}  ${oneLine(file)}`);
      output.item([oneLine(query), ...lines].join('\n  '), { query, images });
    }
  }
  await output.document({ model: describeModel(backbone), queries: answers, ...failures(batch), ...stoppedEarly(context) }, writer);
  return batch.status;
}

/** Embeds pictures one by one; those that cannot be read are left out. */
export async function embedImages(context: Context, backbone: Backbone, inputs: readonly string[]): Promise<EmbeddedImages> {
  const files: string[] = [];
  const rows: Float32Array[] = [];
  const batch = await eachInput(context, inputs, async (file, options) => {
    const { pooled } = await backbone.encodeImage(await pictureSource(file), options);
    files.push(file);
    rows.push(pooled.data);
  });
  const dim = rows[0]?.length ?? 0;
  const embeddings = tensor('float32', [rows.length, dim]);
  rows.forEach((row, i) => embeddings.data.set(row, i * dim));
  return { files, embeddings, batch };
}
