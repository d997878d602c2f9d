import { saveImageEncoding } from '@vitamin-vlm/backbone';
import { VitaminError } from '@vitamin-vlm/core';
import type { Context } from '../command.ts';
import type { inputFlags, modelFlags, windowFlags } from '../flags.ts';
import { failures, stoppedEarly, streamPictures } from '../inputs.ts';
import { describeModel, loadModel } from '../model.ts';
import { pictureSource, stemOf } from '../picture-source.ts';
import { oneLine } from '../text.ts';
import { readText } from '../text-file.ts';
import { unitRows, writeEmbeddingIndex } from './embedding-index.ts';
import { embedImages } from './rank.ts';

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

/** `vitamin encode PICTURES -o FILE`: one matrix of unit embeddings, with an index that says which row is which picture. */
export async function encodeIndex(context: EncodeContext, files: readonly string[]): Promise<number> {
  const { output, signal } = context;
  await using backbone = await loadModel(context);
  const { files: read, embeddings, batch } = await embedImages(context, backbone, files);
  const rest = { ...failures(batch), ...stoppedEarly(context) };
  // Half of a list that looks whole would be asked as if it were.
  if (signal.aborted || read.length === 0) {
    await output.document({ model: describeModel(backbone), ...rest });
    return batch.status;
  }
  const rows = read.map((_, i) => embeddings.data.subarray(i * embeddings.shape[1]!, (i + 1) * embeddings.shape[1]!));
  return await writeRows(context, { of: 'pictures', names: read, rows, model: describeModel(backbone) }, batch.status, rest);
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
  const rows = texts.map((_, i) => data.subarray(i * shape[1]!, (i + 1) * shape[1]!));
  return await writeRows(context, { of: 'texts', names: texts, rows, model: describeModel(backbone) }, 0, {});
}

interface Rows {
  readonly of: 'pictures' | 'texts';
  readonly names: readonly string[];
  readonly rows: readonly Float32Array[];
  readonly model: ReturnType<typeof describeModel>;
}

async function writeRows({ output, writer }: EncodeContext, { rows, ...about }: Rows, status: number, rest: object): Promise<number> {
  const path = await writer!.path();
  const embeddings = unitRows(rows);
  const files = await writeEmbeddingIndex(path, { ...about, embeddings });
  for (const file of files) output.path(file);
  await output.whole(undefined, { ...about, shape: embeddings.shape, index: path, ...rest });
  return status;
}
