import { type FileHandle, open } from 'node:fs/promises';
import { VitaminError } from '@vitamin-vlm/core';
import { readTarEntry, readTarIndex, type TarEntry } from './tar-index.ts';

/** As much as a picture of a file may have. */
const MAX_PICTURE = 2 ** 30;
/** Pictures that are read while the one before them is computed, and bytes of one that is worth it. */
const AHEAD = 2;
const MAX_AHEAD_BYTES = 2 ** 26;

interface Archive {
  readonly path: string;
  readonly file: FileHandle;
  readonly entries: readonly TarEntry[];
  /** The place of a name among the entries. */
  readonly places: ReadonlyMap<string, number>;
  /** What is being read, by its place. */
  readonly reading: Map<number, Promise<Uint8Array>>;
}

/** Archives by their paths, each opened once: a command lives for one task, and reads the pictures of an archive in their order. */
const archives = new Map<string, Archive>();

/** Whether a file is named as a tar archive. */
export function isArchive(path: string): boolean {
  return /\.tar$/iu.test(path);
}

/**
 * The names of the pictures in a tar archive, a shard of a webdataset for example, in their order: `shard.tar/000001.jpg`. Only its headers are read.
 *
 * @param isPicture - Whether a name is one of a picture.
 * @throws VitaminError as `readTarIndex`; `INPUT_NOT_FOUND` for an archive without pictures.
 */
export async function archivePictures(path: string, isPicture: (name: string) => boolean): Promise<string[]> {
  let archive = archives.get(path);
  if (!archive) {
    const entries = (await readTarIndex(path)).filter(({ name }) => isPicture(name));
    const places = new Map(entries.map(({ name }, place) => [name, place]));
    archive = { path, file: await open(path, 'r'), entries, places, reading: new Map() };
    archives.set(path, archive);
  }
  if (archive.entries.length === 0) throw new VitaminError('INPUT_NOT_FOUND', `Expected pictures in ${path} but found none`);
  return [...archive.places.keys()].map((name) => `${path}/${name}`);
}

/**
 * The bytes of a picture that `archivePictures` has named, and the next ones begun. Undefined for any other file.
 *
 * @throws VitaminError `INPUT_UNREADABLE` for one that is too large, or cut short.
 */
export async function archivePicture(name: string): Promise<Uint8Array | undefined> {
  const end = name.search(/(?<=\.tar)\//iu);
  const archive = end < 0 ? undefined : archives.get(name.slice(0, end));
  const place = archive?.places.get(name.slice(end + 1));
  if (!archive || place === undefined) return undefined;
  const bytes = read(archive, place);
  for (let next = place + 1; next <= place + AHEAD && next < archive.entries.length; next++) {
    if (archive.entries[next]!.size <= MAX_AHEAD_BYTES) void read(archive, next).catch(() => undefined); // told when its turn comes
  }
  archive.reading.delete(place);
  return await bytes;
}

function read({ path, file, entries, reading }: Archive, place: number): Promise<Uint8Array> {
  let bytes = reading.get(place);
  if (!bytes) {
    bytes = readTarEntry(file, path, entries[place]!, MAX_PICTURE);
    reading.set(place, bytes);
  }
  return bytes;
}
