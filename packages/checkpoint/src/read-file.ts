import type { ByteSource } from './byte-source.ts';
import { readNpyHeader } from './npy/read.ts';
import type { CheckpointFormat, OpenedFile, ReadOptions } from './opened-file.ts';
import { readSafetensors } from './safetensors/read.ts';
import { readTorchArchive } from './torch/read.ts';

/** The reader of each format: directory and header only, no tensor. */
export function readFile(source: ByteSource, format: CheckpointFormat, options: ReadOptions): Promise<OpenedFile> {
  return readers[format](source, options);
}

const readers: Readonly<Record<CheckpointFormat, (source: ByteSource, options: ReadOptions) => Promise<OpenedFile>>> = {
  safetensors: readSafetensors,
  torch: readTorchArchive,
  npy: readNpyHeader,
};
