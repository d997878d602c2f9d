import { readFile, stat } from 'node:fs/promises';
import { VitaminError } from '@vitamin-vlm/core';
import { pythonLines } from '../text/python-text.ts';

/** A text has less than 512 MB in V8. */
const MAX_BYTES = 500 * 2 ** 20;

/** A text file. @throws VitaminError `INPUT_NOT_FOUND`; `INPUT_UNREADABLE` for a folder, or above 500 MB. */
export async function readText(path: string): Promise<string> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new VitaminError('INPUT_NOT_FOUND', `Expected a file at ${path} but found none`, { cause });
  });
  if (!found.isFile() || found.size > MAX_BYTES) {
    const what = found.isFile() ? `${found.size} bytes` : 'a folder';
    throw new VitaminError('INPUT_UNREADABLE', `Expected a file of at most ${MAX_BYTES} bytes at ${path} but found ${what}`);
  }
  return await readFile(path, 'utf8');
}

/** A file of JSON. @throws VitaminError as `readText`; `INPUT_UNREADABLE` for something else. */
export async function readJson(path: string): Promise<unknown> {
  return parseJson(await readText(path), path);
}

/** A file of one JSON object a line. @throws VitaminError as `readText`; `INPUT_UNREADABLE` that names the line. */
export async function readJsonLines(path: string): Promise<Record<string, unknown>[]> {
  return parseJsonLines(await readText(path), path);
}

/** `readJsonLines` for a text. */
export function parseJsonLines(text: string, path: string): Record<string, unknown>[] {
  return pythonLines(text).map((line, i) => record(parseJson(line, `line ${i + 1} of ${path}`), `line ${i + 1} of ${path}`));
}

/** An object. @throws VitaminError `INPUT_UNREADABLE` for another value. */
export function record(value: unknown, where: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new VitaminError('INPUT_UNREADABLE', `Expected a JSON object in ${where} but found ${shown(value)}`);
}

/** A list. @throws VitaminError `INPUT_UNREADABLE` for another value. */
export function list(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value as unknown[];
  throw new VitaminError('INPUT_UNREADABLE', `Expected a list in ${where} but found ${shown(value)}`);
}

/** A member that is a text. @throws VitaminError `INPUT_UNREADABLE` for another value. */
export function textOf(from: Readonly<Record<string, unknown>>, name: string, where: string): string {
  const value = from[name];
  if (typeof value === 'string') return value;
  throw new VitaminError('INPUT_UNREADABLE', `Expected a text "${name}" in ${where} but found ${shown(value)}`);
}

/** A member that names something: a text or a whole number. @throws VitaminError `INPUT_UNREADABLE` for another value. */
export function idOf(from: Readonly<Record<string, unknown>>, name: string, where: string): string | number {
  const value = from[name];
  if (typeof value === 'string' || Number.isSafeInteger(value)) return value as string | number;
  throw new VitaminError('INPUT_UNREADABLE', `Expected a text or a whole number "${name}" in ${where} but found ${shown(value)}`);
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new VitaminError('INPUT_UNREADABLE', `Expected JSON in ${where} but found something else`, { cause });
  }
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'none').slice(0, 60);
}
