import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { VitaminError } from '@vitamin-vlm/core';
import type { SampleTurn } from './label-sample.ts';

/** A sample of LLaVA's data files. */
export interface TrainingSample {
  /** Path of its picture in the folder of pictures; absent where there is none. */
  readonly image: string | undefined;
  readonly turns: readonly SampleTurn[];
}

/** A JSON text of this size is the most that a string can hold with room to spare. */
const MAX_JSON = 400 * 2 ** 20;
const MAX_LINE = 4 * 2 ** 20;

/**
 * Reads LLaVA's training data: a JSON list of `{id, image?, conversations: [{from: 'human' | 'gpt', value}]}`, or the same a line (`.jsonl`).
 *
 * @throws VitaminError `INPUT_NOT_FOUND`; `INPUT_UNREADABLE` that names the sample and what it lacks.
 */
export async function readTrainingData(path: string): Promise<TrainingSample[]> {
  const values = path.endsWith('.jsonl') ? await readLines(path) : await readList(path);
  if (values.length === 0) throw new VitaminError('INPUT_UNREADABLE', `Expected samples in ${path} but found none`);
  return values.map((value, i) => readSample(value, `sample ${i + 1} of ${path}`));
}

async function readList(path: string): Promise<readonly unknown[]> {
  await using file = await open(path).catch((cause: unknown) => {
    throw notFound(path, cause);
  });
  const { size } = await file.stat();
  if (size > MAX_JSON) {
    throw new VitaminError('INPUT_UNREADABLE', `Expected at most ${MAX_JSON} bytes of JSON in ${path} but found ${size}`, {
      hint: 'Write a sample a line, and name the file .jsonl.',
    });
  }
  const value = parse(await file.readFile('utf8'), path);
  if (Array.isArray(value)) return value;
  throw new VitaminError('INPUT_UNREADABLE', `Expected a JSON list of samples in ${path} but found something else`);
}

async function readLines(path: string): Promise<readonly unknown[]> {
  const values: unknown[] = [];
  const stream = createReadStream(path, 'utf8');
  try {
    for await (const line of createInterface({ input: stream })) {
      if (line.length > MAX_LINE) throw new VitaminError('INPUT_UNREADABLE', `Expected lines of at most ${MAX_LINE} characters in ${path}`);
      if (line.trim() !== '') values.push(parse(line, `line ${values.length + 1} of ${path}`));
    }
  } catch (cause) {
    throw cause instanceof VitaminError ? cause : notFound(path, cause);
  }
  return values;
}

function parse(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new VitaminError('INPUT_UNREADABLE', `Expected JSON in ${where} but found something else`, { cause });
  }
}

function readSample(value: unknown, where: string): TrainingSample {
  const { image, conversations } = (typeof value === 'object' && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
  const turns = Array.isArray(conversations) ? (conversations as unknown[]) : [];
  if (turns.length === 0 || !turns.every(isTurn)) {
    throw new VitaminError(
      'INPUT_UNREADABLE',
      `Expected conversations of {from: "human" or "gpt", value} in ${where} but found something else`,
    );
  }
  if (image !== undefined && typeof image !== 'string') {
    throw new VitaminError('INPUT_UNREADABLE', `Expected a path as image in ${where} but found ${JSON.stringify(image)}`);
  }
  return { image, turns };
}

function isTurn(turn: unknown): turn is SampleTurn {
  const { from, value } = (typeof turn === 'object' && turn !== null ? turn : {}) as Readonly<Record<string, unknown>>;
  return (from === 'human' || from === 'gpt') && typeof value === 'string';
}

function notFound(path: string, cause: unknown): VitaminError {
  return new VitaminError('INPUT_NOT_FOUND', `Expected training data at ${path} but could not read it`, { cause });
}
