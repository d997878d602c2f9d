import { basename } from 'node:path';
import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';

import type { TensorRecord } from '@vitamin-vlm/core';

import { readRange, type ByteSource } from '../byte-source.ts';
import { corrupt, quote, unsupported } from '../corrupt.ts';
import { MAX_PICKLE_BYTES } from '../limits.ts';
import { NameTable, type MetadataValue, type OpenedFile } from '../opened-file.ts';
import { flatten } from './flatten.ts';
import { runPickle } from './run-pickle.ts';
import { toTensorRecord } from './tensor-record.ts';
import { unwrap } from './unwrap.ts';
import { readZipDirectory, type ZipEntry } from './zip-directory.ts';

const inflate = promisify(inflateRaw);
const RESAVE = 'Save the weights again in Python: torch.save(model.state_dict(), new), or as safetensors.';

/**
 * Opens what torch.save writes since PyTorch 1.6: a zip with `<name>/data.pkl` (the structure) and `<name>/data/<key>` (the storages,
 * uncompressed, little-endian).
 */
export async function readTorchArchive(source: ByteSource): Promise<OpenedFile> {
  const entries = await readZipDirectory(source);
  const root = findRoot(source.path, entries);
  await assertLittleEndian(source, entries.get(`${root}byteorder`));
  const pickle = await readPickle(source, entries.get(`${root}data.pkl`)!);
  const { weights, around } = unwrap(runPickle(source.path, pickle));

  const tensors = new NameTable<TensorRecord>(source.path);
  const metadata = new NameTable<MetadataValue>(source.path);
  const loneName = basename(source.path).replace(/\.[^.]*$/, '') || 'tensor';
  flatten(source.path, weights, {
    tensor: (name, tensor) => tensors.add(name || loneName, toTensorRecord(source, entries, root, name || loneName, tensor)),
    leaf: (name, leaf) => metadata.add(name, leaf),
  });
  for (const dict of around) {
    // Tensors beside the weights are an optimizer's state: not weights, so not listed. A name of the weights' own dict wins.
    const leaf = (name: string, value: MetadataValue): void => {
      if (!metadata.entries.has(name)) metadata.add(name, value);
    };
    flatten(source.path, dict, { tensor: () => undefined, leaf });
  }
  return { format: 'torch', tensors: tensors.entries, metadata: metadata.entries };
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
  const script = entries.has(`${root}constants.pkl`) || [...entries.keys()].some((name) => name.startsWith(`${root}code/`));
  if (script) {
    throw unsupported(
      path,
      'Expected weights but found a TorchScript archive (a program with its weights)',
      'Save the weights alone in Python: torch.save(torch.jit.load(old, map_location="cpu").state_dict(), new).',
    );
  }
  return root;
}

async function assertLittleEndian(source: ByteSource, entry: ZipEntry | undefined): Promise<void> {
  // Archives of before PyTorch 2.1 have no such entry and are little-endian.
  if (entry === undefined) return;
  const order = new TextDecoder('latin1').decode(await readRange(source, entry.offset, Math.min(entry.byteLength, 16), 'byteorder'));
  if (order !== 'little') throw unsupported(source.path, `Expected little-endian storages but found byteorder ${quote(order)}`, RESAVE);
}

async function readPickle(source: ByteSource, entry: ZipEntry): Promise<Uint8Array> {
  const { path } = source;
  const size = Math.max(entry.byteLength, entry.inflatedLength);
  if (size > MAX_PICKLE_BYTES)
    throw corrupt(path, `Expected data.pkl of at most ${MAX_PICKLE_BYTES} bytes but found ${size} (a zip bomb?)`);
  if (entry.method === 'other') throw unsupported(path, 'Expected data.pkl stored or deflated but found another compression', RESAVE);
  const bytes = await readRange(source, entry.offset, entry.byteLength, 'data.pkl');
  if (entry.method === 'stored') return bytes;
  try {
    return await inflate(bytes, { maxOutputLength: MAX_PICKLE_BYTES });
  } catch (cause) {
    throw corrupt(path, `Expected data.pkl of at most ${MAX_PICKLE_BYTES} bytes but could not inflate it (a zip bomb?)`, { cause });
  }
}
