import { cosineSimilarity, topK } from '@vitamin-vlm/backbone';
import { VitaminError } from '@vitamin-vlm/core';
import type { Context } from '../command.ts';
import type { modelFlags } from '../flags.ts';
import { describeModel, loadModel } from '../model.ts';
import { oneLine } from '../text.ts';
import { readEmbeddingIndex } from './embedding-index.ts';

/** Pictures in a line of text. */
const SHOWN = 5;

/** `vitamin retrieve --index`: the pictures of an index by cosine similarity to texts, best first, without the image tower. */
export async function rankIndex(
  context: Context<typeof modelFlags>,
  path: string,
  queries: readonly string[],
  top: number | undefined,
): Promise<number> {
  const { output, signal, writer } = context;
  await using backbone = await loadModel(context);
  const { of, names, embeddings } = await readEmbeddingIndex(path, backbone.model.identity);
  if (of !== 'pictures') throw new VitaminError('USAGE', `Expected an index of pictures for --index but ${path} is one of texts`);
  const texts = await backbone.embedTexts(queries, { signal });
  const { data } = cosineSimilarity(texts, embeddings);
  const answers = queries.map((query, i) => {
    const row = data.subarray(i * names.length, (i + 1) * names.length);
    const images = topK(row, top ?? names.length).map(({ index, score }) => ({ file: names[index]!, score }));
    const lines = images.slice(0, top ?? SHOWN).map(({ file, score }) => `${score.toFixed(3)}  ${oneLine(file)}`);
    output.item([oneLine(query), ...lines].join('\n  '), { query, images });
    return { query, images };
  });
  await output.document({ model: describeModel(backbone), index: path, queries: answers }, writer);
  return 0;
}
