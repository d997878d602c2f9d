import { saveImageEncoding } from '@vitamin-vlm/backbone';
import { VitaminError } from '@vitamin-vlm/core';
import type { Context } from '../command.ts';
import type { inputFlags, modelFlags, windowFlags } from '../flags.ts';
import { eachInput, failures, stoppedEarly, streamPictures } from '../inputs.ts';
import { describeModel, loadModel } from '../model.ts';
import { pictureSource, stemOf } from '../picture-source.ts';
import { oneLine } from '../text.ts';
import { readText } from '../text-file.ts';
import { type EmbeddingIndex, writeEmbeddingIndex } from './embedding-index.ts';
import { EmbeddingRows } from './embedding-rows.ts';

type EncodeContext = Context<
  typeof modelFlags & typeof windowFlags & typeof inputFlags & { readonly levels: { readonly kind: 'list'; readonly help: string } }
>;

/** `vitamin encode PICTURES -o DIR`: an encoding for each. */
export async function encodeEach(context: EncodeContext, files: readonly string[]): Promise<number> {
  const { flags, writer } = context;
  const { size, window, stride, levels } = flags;
  await using backbone = await loadModel(context);
  const head = { model: describeModel(backbone) };
  return await streamPictures(
    context,
    files,
    head,
    async (file, options) => {
      const encoding = await backbone.encodeImage(await pictureSource(file), { ...options, dense: true, size, window, stride, levels });
      const [path = ''] = await writer!.paths(stemOf(file), ['.safetensors']);
      await saveImageEncoding(path, encoding);
      const { width, height } = encoding.geometry;
      return { text: oneLine(path), record: { file, width, height, encoding: path } };
    },
    null,
  );
}

/** `vitamin encode PICTURES -o FILE`: one matrix of unit embeddings, with an index that says which row is which picture. Only names are kept in memory. */
export async function encodeIndex(context: EncodeContext, files: readonly string[]): Promise<number> {
  const { output, signal, writer } = context;
  await using backbone = await loadModel(context);
  const path = await writer!.path();
  await using rows = await EmbeddingRows.create(path);
  const names: string[] = [];
  const batch = await eachInput(context, files, async (file, options) => {
    const { pooled } = await backbone.encodeImage(await pictureSource(file), options);
    await rows.add(pooled.data);
    names.push(file);
  });
  const rest = { ...failures(batch), ...stoppedEarly(context) };
  // Half of a list that looks whole would be asked as if it were.
  if (signal.aborted || names.length === 0) {
    await output.document({ model: describeModel(backbone), ...rest });
    return batch.status;
  }
  await writeRows(context, path, { of: 'pictures', names, model: describeModel(backbone) }, rows, rest);
  return batch.status;
}

/** As many texts as a label map has labels, and more. */
const MAX_TEXTS_BYTES = 64 * 2 ** 20;

/** `vitamin encode --texts FILE -o FILE`: the same for texts, one a line. */
export async function encodeTexts(context: EncodeContext, list: string): Promise<number> {
  const { signal, progress } = context;
  const texts = (await readText(list, MAX_TEXTS_BYTES, '--texts'))
    .split(/\r\n|[\n\r\u2028\u2029\u0085]/u)
    .filter((text) => text.trim() !== '');
  if (texts.length === 0) throw new VitaminError('USAGE', `Expected a text a line in --texts ${list} but found none`);
  await using backbone = await loadModel(context);
  const { data, shape } = await backbone.embedTexts(texts, { signal, onProgress: progress.reporter('texts') });
  const path = await context.writer!.path();
  await using rows = await EmbeddingRows.create(path);
  for (let i = 0; i < texts.length; i++) await rows.add(data.subarray(i * shape[1]!, (i + 1) * shape[1]!));
  await writeRows(context, path, { of: 'texts', names: texts, model: describeModel(backbone) }, rows, {});
  return 0;
}

async function writeRows(
  { output }: Pick<EncodeContext, 'output'>,
  path: string,
  about: Omit<EmbeddingIndex, 'embeddings'>,
  rows: EmbeddingRows,
  rest: object,
): Promise<void> {
  for (const file of await writeEmbeddingIndex(path, about, rows)) output.path(file);
  await output.whole(undefined, { ...about, shape: rows.shape, index: path, ...rest });
}
