import { extname } from 'node:path';
import { checkSameIdentity, type Identity } from '@vitamin-vlm/backbone';
import { openCheckpoint, readNpy, writeNpy, writeSafetensors } from '@vitamin-vlm/checkpoint';
import { type Tensor, VitaminError, writeFileAtomic } from '@vitamin-vlm/core';
import { readText } from '../text-file.ts';
import { toJson } from '../text.ts';
import type { EmbeddingRows } from './embedding-rows.ts';

/** What the rows of a matrix of embeddings stand for, and which weights made them. */
export interface EmbeddingIndex {
  readonly of: 'pictures' | 'texts';
  /** The file, or the text, of each row. */
  readonly names: readonly string[];
  readonly model: { readonly name: string; readonly address: string; readonly identity: Identity };
  /** [N, E], rows of length one. */
  readonly embeddings: Tensor<'float32'>;
}

/** Of the index file of a matrix; `vitamin show` knows it by this. */
export const INDEX_SCHEMA = 'vitamin.embedding-index/1';
/** A million names of a hundred characters, beside their model. */
const MAX_INDEX_BYTES = 256 * 2 ** 20;

/** Where the index of a `.npy` matrix lies. */
export function indexFileOf(path: string): string {
  return `${path.slice(0, -extname(path).length)}.json`;
}

/**
 * Writes `.safetensors` with the index in its metadata, `.npy` with the index beside it as `.json`, or `.parquet` with a row for each name. Returns the
 * files.
 */
export async function writeEmbeddingIndex(path: string, about: Omit<EmbeddingIndex, 'embeddings'>, rows: EmbeddingRows): Promise<string[]> {
  const embeddings = { dtype: 'float32', shape: rows.shape, data: () => rows.parts() } as const;
  if (/\.npy$/iu.test(path)) {
    await writeNpy(path, embeddings);
    await writeFileAtomic(
      indexFileOf(path),
      `${toJson({ schemaVersion: 1, schema: INDEX_SCHEMA, ...about, shape: embeddings.shape }, 2)}\n`,
    );
    return [path, indexFileOf(path)];
  }
  const { of, names, model } = about;
  const metadata = { schema: INDEX_SCHEMA, of, model: JSON.stringify(model) };
  if (/\.parquet$/iu.test(path)) {
    const { writeParquet } = await import('./embedding-parquet.ts');
    await writeParquet(path, { column: of === 'pictures' ? 'file' : 'text', names, rows, metadata });
    return [path];
  }
  await writeSafetensors(path, { embeddings }, { schema: INDEX_SCHEMA, of, names: JSON.stringify(names), model: JSON.stringify(model) });
  return [path];
}

/**
 * Reads what `writeEmbeddingIndex` wrote.
 *
 * @param identity - Of the model that asks.
 * @throws VitaminError `INPUT_UNREADABLE` for another kind of file, `WEIGHTS_MISMATCH` when other weights made it.
 */
export async function readEmbeddingIndex(path: string, identity: Identity): Promise<EmbeddingIndex> {
  if (/\.parquet$/iu.test(path)) throw unreadable(path, 'a matrix, .safetensors or .npy: Parquet is for other programs');
  const index = /\.npy$/iu.test(path) ? await readPair(path) : await readOne(path);
  const [rows] = index.embeddings.shape;
  if (index.embeddings.shape.length !== 2 || rows !== index.names.length) {
    throw unreadable(path, `a row for each of ${index.names.length} names but found shape [${index.embeddings.shape.join(', ')}]`);
  }
  checkSameIdentity(index.model.identity, identity, 'the index and the model');
  return index;
}

async function readOne(path: string): Promise<EmbeddingIndex> {
  await using file = await openCheckpoint(path);
  const { schema, of, names, model } = file.metadata;
  const record = file.tensors.get('embeddings');
  if (schema !== INDEX_SCHEMA || record?.dtype !== 'float32') throw unreadable(path, 'what vitamin encode wrote of several pictures');
  const about = { of, names: parse(path, names), model: parse(path, model) };
  return { ...checked(path, about), embeddings: (await file.read('embeddings')) as Tensor<'float32'> };
}

async function readPair(path: string): Promise<EmbeddingIndex> {
  const embeddings = await readNpy(path);
  if (embeddings.dtype !== 'float32') throw unreadable(path, `float32 but found ${embeddings.dtype}`);
  const about = parse(path, await readText(indexFileOf(path), MAX_INDEX_BYTES, '--index')) as Record<string, unknown> | null;
  if (about?.['schema'] !== INDEX_SCHEMA) throw unreadable(path, `an index of vitamin encode in ${indexFileOf(path)}`);
  return { ...checked(path, about), embeddings: embeddings as Tensor<'float32'> };
}

function parse(path: string, text: unknown): unknown {
  try {
    return JSON.parse(String(text)) as unknown;
  } catch {
    throw unreadable(path, 'an index that is JSON');
  }
}

/** Every field comes from a file. */
function checked(path: string, { of, names, model }: Record<string, unknown>): Omit<EmbeddingIndex, 'embeddings'> {
  const list = Array.isArray(names) && names.every((name): name is string => typeof name === 'string') ? names : undefined;
  const { name, address, identity } = (model ?? {}) as Partial<EmbeddingIndex['model']>;
  const parts = Object.values(identity ?? {});
  const known =
    typeof name === 'string' && typeof address === 'string' && parts.length > 0 && parts.every((part) => typeof part === 'string');
  if ((of !== 'pictures' && of !== 'texts') || !list || !known) throw unreadable(path, 'names and a model');
  return { of, names: list, model: { name, address, identity: identity! } };
}

function unreadable(path: string, what: string): VitaminError {
  return new VitaminError('INPUT_UNREADABLE', `Expected in ${path} ${what}`, {
    hint: 'Make it with vitamin encode FOLDER -o FILE.safetensors, or FILE.npy with FILE.json beside it.',
  });
}
