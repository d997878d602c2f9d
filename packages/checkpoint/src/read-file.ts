import type { ByteSource } from './byte-source.ts';
import { readNpyHeader } from './npy/read.ts';
import type { CheckpointFormat, OpenedFile } from './opened-file.ts';
import { readSafetensors } from './safetensors/read.ts';
import { readTorchArchive } from './torch/read.ts';

/** The reader of each format: directory and header only, no tensor. */
export function readFile(source: ByteSource, format: CheckpointFormat): Promise<OpenedFile> {
  return readers[format](source);
}

const readers: Readonly<Record<CheckpointFormat, (source: ByteSource) => Promise<OpenedFile>>> = {
  safetensors: readSafetensors,
  torch: readTorchArchive,
  npy: readNpyHeader,
};
