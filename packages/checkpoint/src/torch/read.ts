import { basename } from 'node:path';
import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';

import type { TensorRecord, VitaminError } from '@vitamin-vlm/core';

import type { Budget } from '../budget.ts';
import { readRange, type ByteSource } from '../byte-source.ts';
import { corrupt, quote, unsupported } from '../corrupt.ts';
import { checkedList } from '../layout.ts';
import { MAX_PICKLE_BYTES } from '../limits.ts';
import { NameTable, sizeOfLeaf, type ForeignRecord, type MetadataValue, type OpenedFile, type ReadOptions } from '../opened-file.ts';
import { flatten } from './flatten.ts';
import { runPickle } from './run-pickle.ts';
import { toTensorRecord } from './tensor-record.ts';
import { unwrap } from './unwrap.ts';
import type { ForeignTensor } from './values.ts';
import { readZipDirectory, RECOMPRESSED, type ZipEntry } from './zip-directory.ts';

const inflate = promisify(inflateRaw);
const RESAVE = 'Save the weights again in Python: torch.save(model.state_dict(), new), or as safetensors.';

/**
 * Opens what torch.save writes since PyTorch 1.6: a zip with `<name>/data.pkl` (the structure) and `<name>/data/<key>` (the storages,
 * uncompressed, little-endian). A TorchScript archive, which torch.jit.save writes, has the same, and a program beside it that nobody looks at here.
 */
export async function readTorchArchive(source: ByteSource, { budget, listForeign }: ReadOptions): Promise<OpenedFile> {
  const entries = await readZipDirectory(source);
  const root = findRoot(source.path, entries);
  await assertLittleEndian(source, entries.get(`${root}byteorder`));
  const pickle = await readPickle(source, entries.get(`${root}data.pkl`)!, budget);
  const { weights, around } = unwrap(runPickle(source.path, pickle, budget));

  const tensors = new NameTable<TensorRecord>(source.path);
  const metadata = new NameTable<MetadataValue>(source.path);
  const foreign = new NameTable<ForeignRecord>(source.path);
  const loneName = basename(source.path).replace(/\.[^.]*$/, '') || 'tensor';
  flatten(source.path, weights, {
    tensor: (name, tensor) => tensors.add(name || loneName, toTensorRecord(source, entries, root, name || loneName, tensor)),
    foreign: (name, tensor) => {
      if (!listForeign) throw cannotRead(source.path, name, tensor);
      foreign.add(name, foreignRecord(source.path, name, tensor));
    },
    leaf: (name, leaf) => metadata.add(name, leaf, sizeOfLeaf(leaf)),
  });
  for (const dict of around) {
    // Tensors beside the weights are an optimizer's state: not weights, so not listed. A name of the weights' own dict wins.
    const leaf = (name: string, value: MetadataValue): void => {
      if (!metadata.entries.has(name)) metadata.add(name, value, sizeOfLeaf(value));
    };
    flatten(source.path, dict, { tensor: () => undefined, foreign: () => undefined, leaf });
  }
  return { format: 'torch', tensors: tensors.entries, metadata: metadata.entries, foreign: foreign.entries };
}

function cannotRead(path: string, name: string, { type }: ForeignTensor): VitaminError {
  return unsupported(
    path,
    `Expected float, integer or bool tensors but found ${quote(name)} of type ${type}`,
    `Convert it before saving: .float(), for a quantized tensor .dequantize(), for a sparse one .to_dense(). vitamin show lists the file as it is.`,
  );
}

function foreignRecord(path: string, name: string, { type, shape }: ForeignTensor): ForeignRecord {
  return { name, dtype: type, shape: checkedList(path, shape, `shape of ${quote(name)}`) };
}

/** The folder in front of data.pkl, with its slash: torch.save names it after the file. */
function findRoot(path: string, entries: ReadonlyMap<string, ZipEntry>): string {
  const roots = [...entries.keys()].filter((name) => /^(?:[^/]+\/)?data\.pkl$/.test(name)).map((name) => name.slice(0, -'data.pkl'.length));
  const [root] = roots;
  if (root === undefined) {
    throw unsupported(
      path,
      `Expected data.pkl but found a zip archive of other files (${quote([...entries.keys()].slice(0, 3).join(', '))})`,
      RESAVE,
    );
  }
  if (roots.length > 1) throw corrupt(path, `Expected one data.pkl but found ${roots.length}`);
  return root;
}

async function assertLittleEndian(source: ByteSource, entry: ZipEntry | undefined): Promise<void> {
  // Archives of before PyTorch 2.1 have no such entry and are little-endian.
  if (entry === undefined) return;
  if (entry.method !== 'stored') {
    throw unsupported(
      source.path,
      'Expected storages as torch.save writes them but found an archive that was compressed again',
      RECOMPRESSED,
    );
  }
  const order = new TextDecoder('latin1').decode(await readRange(source, entry.offset, Math.min(entry.byteLength, 16), 'byteorder'));
  if (order !== 'little') throw unsupported(source.path, `Expected little-endian storages but found byteorder ${quote(order)}`, RESAVE);
}

async function readPickle(source: ByteSource, entry: ZipEntry, budget: Budget): Promise<Uint8Array> {
  const { path } = source;
  budget.pickle(path, Math.max(entry.byteLength, entry.inflatedLength));
  if (entry.method === 'other') throw unsupported(path, 'Expected data.pkl stored or deflated but found another compression', RESAVE);
  const bytes = await readRange(source, entry.offset, entry.byteLength, 'data.pkl');
  if (entry.method === 'stored') return bytes;
  try {
    return await inflate(bytes, { maxOutputLength: Math.max(entry.inflatedLength, 1) });
  } catch (cause) {
    throw corrupt(
      path,
      `Expected data.pkl of at most ${MAX_PICKLE_BYTES} bytes but could not inflate it to the ${entry.inflatedLength} it promises (a zip bomb?)`,
      { cause },
    );
  }
}
