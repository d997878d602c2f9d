import { VitaminError } from '@vitamin-vlm/core';
import { decodeNpy } from '@vitamin-vlm/checkpoint';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CaptionedPicture, type ClassifiedPicture, type DataOf, readWords } from './zero-shot-data.ts';
import { readTarEntry, readTarIndex, type TarEntry } from './tar-index.ts';

/** In the order in which CLIP_benchmark prefers them. */
const PICTURES = ['webp', 'png', 'jpg', 'jpeg'] as const;
/** Most bytes of a picture, and of a label, captions or fields. */
const MAX_PICTURE = 2 ** 28;
const MAX_TEXT = 2 ** 20;

/** The files of one sample: those whose names agree up to the first dot, by what comes behind it. */
interface WebSample {
  readonly tar: string;
  readonly key: string;
  readonly files: ReadonlyMap<string, TarEntry>;
}

/**
 * A webdataset as CLIP_benchmark and DataComp have it: in each archive samples of a picture and its class (`.cls`, a number) with what else is known (`.npy`, numbers), or of a
 * picture and its captions (`.txt`, one a line).
 *
 * @param tars - Names of the archives, which are read in the order of their numbers.
 * @throws VitaminError `INPUT_UNREADABLE` for archives that lack a sample's parts, and for classes without names.
 */
export async function openWebDataset(
  name: string,
  root: string,
  folder: string,
  tars: readonly string[],
): Promise<DataOf<'classify' | 'retrieval'>> {
  const ordered = tars.toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10) || (a < b ? -1 : 1));
  await checkShards(folder, ordered);
  const samples: WebSample[] = [];
  for (const tar of ordered) samples.push(...samplesOf(tar, await readTarIndex(join(folder, tar))));
  const first = samples[0];
  if (!first) throw new VitaminError('INPUT_UNREADABLE', `Expected samples in the archives of ${folder} but found none`);
  const archives = new Archives(folder);
  const common = { name, items: samples.map(({ tar, key }) => `${tar}/${key}`), close: () => archives.close() };
  if (first.files.has('cls')) return { ...common, ...(await classified(root, samples, archives)) };
  if (first.files.has('txt')) return { ...common, kind: 'retrieval', read: async (index) => await captioned(samples[index]!, archives) };
  const found = [...first.files.keys()].join(', ');
  throw new VitaminError(
    'INPUT_UNREADABLE',
    `Expected a .cls or .txt file in the samples of ${join(folder, first.tar)} but found ${found}`,
  );
}

/** Pictures with the numbers of their classes. */
async function classified(
  root: string,
  samples: readonly WebSample[],
  archives: Archives,
): Promise<Pick<DataOf<'classify'>, 'kind' | 'classes' | 'templates' | 'read'>> {
  const { classes, templates } = await readWords(root);
  if (!classes)
    throw new VitaminError('INPUT_NOT_FOUND', `Expected the names of classes in ${join(root, 'classnames.txt')} but found none`);
  const read = async (index: number): Promise<ClassifiedPicture> => {
    const sample = samples[index]!;
    const label = (await archives.text(sample, 'cls')).trim();
    const target = /^\d+$/u.test(label) ? Number(label) : Number.NaN;
    if (!(target < classes.length)) {
      const expected = `Expected a class from 0 to ${classes.length - 1} of sample ${sample.key} in ${archives.path(sample)}`;
      throw new VitaminError('USAGE', `${expected} but found "${label.slice(0, 20)}"`, {
        hint: 'Is classnames.txt that of this data set?',
      });
    }
    const npy = await archives.bytes(sample, ['npy'], MAX_TEXT);
    const fields = npy && Array.from((await decodeNpy(npy, `${sample.key}.npy`)).data as ArrayLike<number | bigint>, Number);
    return { picture: await archives.picture(sample), target, fields };
  };
  return { kind: 'classify', classes, templates, read };
}

async function captioned(sample: WebSample, archives: Archives): Promise<CaptionedPicture> {
  const captions = (await archives.text(sample, 'txt')).split(/\r?\n/u).filter((line) => line.trim() !== '');
  if (captions.length > 0) return { picture: await archives.picture(sample), captions };
  throw new VitaminError('INPUT_UNREADABLE', `Expected captions of sample ${sample.key} in ${archives.path(sample)} but found none`);
}

/** The archives of a folder, opened when they are first read. */
class Archives {
  readonly #folder: string;
  readonly #handles = new Map<string, FileHandle>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  path({ tar }: WebSample): string {
    return join(this.#folder, tar);
  }

  /** The first file of a sample with one of these endings. */
  async bytes(sample: WebSample, endings: readonly string[], most: number): Promise<Uint8Array | undefined> {
    const entry = endings.map((ending) => sample.files.get(ending)).find((one) => one !== undefined);
    if (!entry) return undefined;
    const handle = this.#handles.get(sample.tar) ?? (await open(this.path(sample), 'r'));
    this.#handles.set(sample.tar, handle);
    return await readTarEntry(handle, this.path(sample), entry, most);
  }

  async text(sample: WebSample, ending: string): Promise<string> {
    return Buffer.from((await this.bytes(sample, [ending], MAX_TEXT)) ?? []).toString('utf8');
  }

  async picture(sample: WebSample): Promise<Uint8Array> {
    const bytes = await this.bytes(sample, PICTURES, MAX_PICTURE);
    if (bytes) return bytes;
    const found = [...sample.files.keys()].join(', ');
    throw new VitaminError('INPUT_UNREADABLE', `Expected a picture of sample ${sample.key} in ${this.path(sample)} but found ${found}`);
  }

  async close(): Promise<void> {
    for (const handle of this.#handles.values()) await handle.close();
    this.#handles.clear();
  }
}

/** `nshards.txt`, where there is one, tells how many archives belong together. */
async function checkShards(folder: string, tars: readonly string[]): Promise<void> {
  const text = await readFile(join(folder, 'nshards.txt'), 'utf8').catch(() => undefined);
  const count = text === undefined ? tars.length : Number(text.trim());
  if (count === tars.length) return;
  throw new VitaminError('INPUT_UNREADABLE', `Expected ${count} archives in ${folder}, as nshards.txt says, but found ${tars.length}`, {
    hint: 'A part of the data set was not downloaded.',
  });
}

/** Neighbors in an archive whose names agree up to the first dot of the last part. */
function samplesOf(tar: string, entries: readonly TarEntry[]): WebSample[] {
  const samples: { tar: string; key: string; files: Map<string, TarEntry> }[] = [];
  for (const entry of entries) {
    const { key, ending } = /^(?<key>(?:.*\/)?[^/.]+)\.(?<ending>[^/]+)$/u.exec(entry.name)?.groups ?? {};
    if (key === undefined || ending === undefined) continue;
    let sample = samples.at(-1);
    if (sample?.key !== key) samples.push((sample = { tar, key, files: new Map() }));
    sample.files.set(ending.toLowerCase(), entry);
  }
  return samples;
}
