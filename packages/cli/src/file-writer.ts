import { access, constants, lstat, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { makeFolder, VitaminError, writeAtomically } from '@vitamin-vlm/core';

/** Names of output files: none that exists is overwritten unless forced, and none twice in one run. */
export class FileWriter {
  readonly #folder: string;
  readonly #name: string;
  readonly #force: boolean;
  readonly #onRename: (wanted: string, used: string) => void;
  readonly #taken: Set<string> = new Set<string>();

  private constructor(folder: string, name: string, force: boolean, onRename: (wanted: string, used: string) => void = () => {}) {
    this.#folder = folder;
    this.#name = name;
    this.#force = force;
    this.#onRename = onRename;
  }

  /**
   * For one file. Its folder must exist, and the file must not, unless forced: whoever names a file asks it by that name later.
   *
   * @throws VitaminError `USAGE` when the file exists or the folder is missing or closed, before any work is done.
   */
  static async forFile(path: string, force: boolean): Promise<FileWriter> {
    await checkFolder(dirname(path));
    if (await isFolder(path)) throw new VitaminError('USAGE', `Expected a file to write but ${path} is a folder`);
    if (!force && (await exists(path))) {
      throw new VitaminError('USAGE', `Expected a new file for -o but ${path} exists`, {
        hint: 'Name another one, or overwrite it with --force.',
      });
    }
    return new FileWriter(dirname(path), basename(path), force);
  }

  /**
   * For files in a folder, which is made if need be. Names that are taken get a number, `street-2.json`.
   *
   * @param onRename - Hears of each name that was taken, and what is used in its place.
   * @throws VitaminError `USAGE` when it cannot be made or written, or has the name of a file.
   */
  static async forFolder(path: string, force: boolean, onRename?: (wanted: string, used: string) => void): Promise<FileWriter> {
    if (FILE_ENDINGS.test(path) && !(await isFolder(path))) {
      throw new VitaminError('USAGE', `Expected a folder for -o but received ${path}`, {
        hint: `Several files are written: -o ${path.replace(FILE_ENDINGS, '')} gets them.`,
      });
    }
    await makeFolder(path).catch((cause: unknown) => {
      throw cannotWrite(path, cause);
    });
    await checkFolder(path);
    return new FileWriter(path, '', force, onRename);
  }

  /**
   * Paths for `stem` with each ending that go together: all with the same number when one of them is taken, `street-2.json`. An ending may begin with a
   * folder: `panoptic/.png`.
   */
  async paths(stem: string, endings: readonly string[]): Promise<string[]> {
    for (let n = 1; ; n++) {
      const name = `${stem}${n === 1 ? '' : `-${n}`}`;
      const paths = endings.map((ending) => join(this.#folder, dirname(ending), name + basename(ending)));
      const taken = await Promise.all(paths.map(async (path) => this.#taken.has(path) || (!this.#force && (await exists(path)))));
      if (taken.includes(true)) continue;
      for (const path of paths) this.#taken.add(path);
      if (n > 1) this.#onRename(`${stem}${basename(endings[0]!)}`, basename(paths[0]!));
      return paths;
    }
  }

  /** The path for the one file this writer stands for, or for a file of that name in its folder. */
  async path(name: string = this.#name): Promise<string> {
    const ending = extname(name);
    const [path] = await this.paths(basename(name, ending), [ending]);
    return path!;
  }
}

/** Names that are meant as files where a folder is wanted. */
const FILE_ENDINGS = /\.(?:png|jpe?g|webp|gif|tiff?|jsonl?|npy|npz|parquet|safetensors|csv|txt|html?|svg|pth?|bin|onnx|pdf)$/iu;

/** Receives the parts of a text, in order. */
export type Sink = (text: string) => Promise<void>;

/** Writes a text that comes in parts, whole or not at all. Returns what `work` returns. */
export async function writeParts<T>(path: string, work: (sink: Sink) => Promise<T>): Promise<T> {
  let result: T | undefined;
  await writeAtomically(path, async (file) => {
    result = await work(async (text) => {
      await file.writeFile(text);
    });
  });
  return result as T;
}

/** The same for several texts at once. */
export async function writeAllParts<T>(paths: readonly string[], work: (sinks: readonly Sink[]) => Promise<T>): Promise<T> {
  const [path, ...others] = paths;
  if (path === undefined) return await work([]);
  return await writeParts(path, async (sink) => await writeAllParts(others, async (sinks) => await work([sink, ...sinks])));
}

async function checkFolder(folder: string): Promise<void> {
  await access(folder, constants.W_OK).catch((cause: unknown) => {
    throw cannotWrite(folder, cause);
  });
  if (!(await isFolder(folder))) throw new VitaminError('USAGE', `Expected a folder to write to but ${folder} is a file`);
}

function cannotWrite(path: string, cause: unknown): VitaminError {
  const reason = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return new VitaminError('USAGE', `Expected to write to ${path} but the system refused: ${reason}`, {
    cause,
    hint: 'Check that the folder exists and can be written, and that the disk has room.',
  });
}

async function exists(path: string): Promise<boolean> {
  // A link that leads nowhere is a name that is taken.
  return (await lstat(path).catch(() => undefined)) !== undefined;
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
