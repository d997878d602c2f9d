import { mkdir, readFile } from 'node:fs/promises';
import { beforeAll, expect } from 'vitest';
import { inTemporaryFolder, type Run, writeBrokenPicture, writePicture, writeTinyModel, writeTinySegmenter } from './support.ts';

/** The classes of the small segmenter; the last two are stuff. */
export const tinyKinds = ['cat', 'dog', 'sky', 'grass'];
export const words = ['--labels', 'cat|kitten,red umbrella,sky'];
/** The same words for a tower alone. */
export const alone = ['--model', 'model', ...words];

/** What a document says of a picture. */
export interface Image {
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly segments?: readonly {
    id: number;
    label: string;
    color: readonly number[];
    isThing: boolean;
    score: number;
    area: number;
    share: number;
    box: number[];
  }[];
  readonly labels?: readonly { id: number; label: string; color: readonly number[]; pixels: number; share: number }[];
  readonly unlabeledValue?: number;
  readonly instances?: readonly {
    label: string;
    color: readonly number[];
    score: number;
    box: number[];
    area: number;
    mask: { size: [number, number]; counts: string };
  }[];
}

/** What --json prints. */
export interface Document {
  readonly method: string;
  readonly task: string;
  readonly model: { readonly name: string; readonly origin?: string };
  readonly images: readonly Image[];
}

/** What tests of `vitamin segment` work with. */
export interface SegmentTests {
  readonly temporary: (...parts: string[]) => string;
  readonly run: (...args: string[]) => Promise<Run>;
  /** What it prints with --json when all goes well. */
  readonly document: (...args: string[]) => Promise<Document>;
  readonly json: <T>(...path: string[]) => Promise<T>;
  readonly fails: (args: string[], status: number, said: RegExp) => Promise<void>;
}

/** A folder with a small segmenter (the default), its tower, pictures, one of them broken, and the encoding of the first. */
export function segmentTests(): SegmentTests {
  const { temporary, run } = inTemporaryFolder();
  beforeAll(async () => {
    await writeTinyModel(temporary('model'));
    await writeTinySegmenter(temporary('segmenter.pth'), tinyKinds, [true, true, false, false]);
    await mkdir(temporary('pictures'));
    for (const [i, name] of ['a.png', 'b.png', 'c.png'].entries()) await writePicture(temporary('pictures', name), 60 + 20 * i, 48, i);
    await writeBrokenPicture(temporary('broken.jpg'));
    process.env['VITAMIN_MODEL'] = temporary('segmenter.pth');
    process.env['VITAMIN_TOWER'] = temporary('model');
    await run('encode', 'pictures/a.png', '--for', 'segment', '-o', 'a.safetensors');
  });
  return {
    temporary,
    run,
    document: async (...args) => {
      const { stdout, stderr, status } = await run('segment', ...args, '--json');
      expect([status, stderr]).toEqual([0, '']);
      return JSON.parse(stdout) as Document;
    },
    json: async <T>(...path: string[]) => JSON.parse(await readFile(temporary(...path), 'utf8')) as T,
    fails: async (args, status, said) => {
      const ended = await run('segment', ...args);
      expect([ended.status, ended.stdout]).toEqual([status, '']);
      expect(ended.stderr).toMatch(said);
    },
  };
}
