import { realpath } from 'node:fs/promises';
import { basename, isAbsolute, join, relative, resolve } from 'node:path';
import { CocoEvalError } from '../errors.ts';
import { readRegularFile } from '../node/read-file.ts';
import { counted } from './words.ts';

/** One picture. */
const MAX_PICTURE_BYTES = 2 ** 24;
/** All pictures of a page. */
const MAX_PAGE_BYTES = 2 ** 26;

/** Kinds of files that browsers show, by their first bytes. */
const kinds: readonly (readonly [type: string, pattern: RegExp])[] = [
  ['image/jpeg', /^\xff\xd8\xff/],
  ['image/png', /^\x89PNG/],
  ['image/gif', /^GIF8[79]a/],
  ['image/webp', /^RIFF[^]{4}WEBP/],
  ['image/bmp', /^BM/],
  ['image/avif', /^[^]{4}ftypavi[fs]/],
];

/** The pictures of a folder, as a page can hold them. Files outside of the folder, which foreign names may lead to, are not opened. */
export class Pictures {
  readonly #folder: string;
  #bytes = 0;
  readonly #missing: string[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** A `data:` address, or nothing when there is no such picture. */
  async read(name: string): Promise<string | undefined> {
    const bytes = (await this.#open(name)) ?? (basename(name) === name ? undefined : await this.#open(basename(name)));
    const head = bytes === undefined ? '' : Buffer.from(bytes.subarray(0, 16)).toString('latin1');
    const type = kinds.find(([, pattern]) => pattern.test(head))?.[0];
    if (bytes === undefined || type === undefined || this.#bytes + bytes.length > MAX_PAGE_BYTES) {
      this.#missing.push(name);
      return undefined;
    }
    this.#bytes += bytes.length;
    return `data:${type};base64,${Buffer.from(bytes).toString('base64')}`;
  }

  async #open(name: string): Promise<Uint8Array | undefined> {
    try {
      const root = await realpath(resolve(this.#folder));
      const path = await realpath(join(root, name));
      const inside = relative(root, path);
      if (inside.startsWith('..') || isAbsolute(inside)) return undefined;
      return await readRegularFile(path, MAX_PICTURE_BYTES);
    } catch (error) {
      if (error instanceof CocoEvalError || (error as NodeJS.ErrnoException).code !== undefined) return undefined;
      throw error;
    }
  }

  /** What could not be shown, in a few words; nothing when all was there. */
  remark(): string | undefined {
    const [first] = this.#missing;
    if (first === undefined) return undefined;
    return `${counted(this.#missing.length, 'picture')} of the page not shown: no picture of that name in ${this.#folder}, or too large (first: ${first})`;
  }
}
