import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { VitaminError } from '@vitamin-vlm/core';
import { type Answer, parseAnswers, readTable, type Table } from '@vitamin-vlm/llava-bridge';
import { strFromU8, unzipSync } from 'fflate';
import type { Golden } from '../../golden/golden.ts';
import { sha256 } from '../picture.ts';

/** The list of all files with size and SHA-256. */
export const LIST = 'files_sha256.json';
/** Under this name each file's size and hash, as found on the disk. */
const FOUND = 'found';

/** All files of a folder as one golden file, by their paths: what is compared value by value as JSON, workbooks as their cells, everything else as text. */
export async function gatherFiles(folder: string): Promise<string> {
  const files: Record<string, unknown> = { [FOUND]: {} };
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const full = join(entry.parentPath, entry.name);
    const path = relative(folder, full).split(sep).join('/');
    const bytes = await readFile(full);
    files[path] = contentOf(path, bytes);
    if (path !== LIST) (files[FOUND] as Record<string, unknown>)[path] = [bytes.length, sha256(bytes)];
  }
  return JSON.stringify(files);
}

/** Files whose values are compared one by one. */
const VALUES =
  /(?:^|\/)(?:files_sha256|evalai_normaliser|vqa_contractions|summary|\w*_?expected|parse|prompt_ids|judge_requests\w*)\.json$/u;

function contentOf(path: string, bytes: Buffer): unknown {
  if (path.endsWith('.xlsx')) return cellsOf(bytes);
  const text = bytes.toString('utf8');
  return VALUES.test(path) ? parseJson(text, path) : text;
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new VitaminError('USAGE', `Expected JSON in ${path} but found something else`, { cause });
  }
}

/** The cells of a workbook's one sheet, row by row, missing ones as null. */
export function cellsOf(bytes: Uint8Array): { sheet: string | undefined; cells: (string | number | null)[][] } {
  const parts = unzipSync(bytes, {
    filter: ({ name, originalSize }) => /workbook\.xml$|sheet1\.xml$/u.test(name) && originalSize < 2 ** 28,
  });
  const textOf = (name: string): string => strFromU8(parts[name] ?? new Uint8Array());
  const rows = [...textOf('xl/worksheets/sheet1.xml').matchAll(/<row [^>]*>(.*?)<\/row>/gsu)].map(([, row]) => {
    const cells: (string | number | null)[] = [];
    for (const [, column, value, text] of row!.matchAll(
      /<c r="([A-Z]+)\d+"[^>]*?(?:\/>|>(?:<v>(.*?)<\/v>|<is><t[^>]*?(?:\/>|>(.*?)<\/t>)<\/is>)?<\/c>)/gsu,
    )) {
      const place = Array.from(column!).reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1;
      while (cells.length < place) cells.push(null);
      cells.push(value === undefined ? (text === undefined || text === '' ? null : xmlText(text)) : Number(value));
    }
    return cells;
  });
  const width = Math.max(0, ...rows.map((row) => row.length));
  const sheet = /<sheet [^>]*name="([^"]*)"/u.exec(textOf('xl/workbook.xml'))?.[1];
  return { sheet, cells: rows.map((row) => Array.from({ length: width }, (_, i) => row[i] ?? null)) };
}

function xmlText(text: string): string {
  const names: Record<string, string> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
  return text.replaceAll(/&(\w+);/gu, (_, name: string) => names[name] ?? '');
}

/** A benchmark's files, each taken as an input or compared with what we write. */
export class ScorerFiles {
  readonly golden: Golden;
  readonly paths: readonly string[];

  constructor(golden: Golden) {
    this.golden = golden;
    this.paths = golden.keys().filter((path) => path !== FOUND);
    for (const path of golden.at(FOUND).keys()) {
      const found = golden.at(FOUND, path).take();
      if (golden.at(LIST).has(path)) golden.at(LIST, path).equal(found);
    }
  }

  /** Paths that fit a pattern. */
  list(pattern: RegExp): string[] {
    return this.paths.filter((path) => pattern.test(path));
  }

  /** The one path that fits. */
  one(pattern: RegExp): string {
    const [path = String(pattern)] = this.list(pattern);
    return path;
  }

  text(path: string): string {
    return this.golden.at(path).takeText();
  }

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows the format of the file
  json<T>(path: string): T {
    return parseJson(this.text(path), path) as T;
  }

  lines<T>(path: string): T[] {
    return this.text(path)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => parseJson(line, path) as T);
  }

  answers(path: string, tolerant: boolean = false): { answers: readonly Answer[]; broken: number } {
    return parseAnswers(this.text(path), path, tolerant);
  }

  table(path: string): Table {
    return readTable(this.text(path), path);
  }

  /** Compares a file that we write: its bytes by size and hash, and its content, which shows where it differs. */
  written(path: string, text: string): void {
    this.golden.at(path).equal(text);
    if (this.golden.at(LIST).has(path)) this.golden.at(LIST, path).equal([Buffer.byteLength(text), sha256(text)]);
  }
}
