import { VitaminError } from '@vitamin-vlm/core';
import { crc32 } from 'node:zlib';

/** Why an item gave no result. */
export interface Fault {
  /** Code of the `VitaminError`. */
  readonly code: string;
  readonly message: string;
}

/** What became of one item: its result, or why there is none. */
export type Outcome<R = unknown> =
  | { readonly index: number; readonly item: string; readonly result: R }
  | { readonly index: number; readonly item: string; readonly error: Fault };

/** What the head of a line tells: enough to know an item's state without parsing its result. */
export interface LineHead {
  readonly index: number;
  readonly broken: boolean;
}

/** `{"crc":"` + 8 hexadecimal digits + `",`: the checksum covers the bytes after it, up to the line feed. */
const PREFIX = 18;
const HEAD = /^\{"crc":"([0-9a-f]{8})","index":(\d{1,15}),"state":"(done|broken)",/;
const HEAD_BYTES = 80;

/**
 * One line of a journal, with its line feed.
 *
 * @throws VitaminError `USAGE` for a result that JSON cannot hold: not plain data, or a number that is not finite.
 */
export function encodeLine(outcome: Outcome): Buffer {
  const broken = 'error' in outcome;
  const value = broken ? JSON.stringify(outcome.error) : stringify(outcome.item, outcome.result);
  const head = `"index":${outcome.index},"state":"${broken ? 'broken' : 'done'}","item":${JSON.stringify(outcome.item)}`;
  const body = Buffer.from(`${head},"${broken ? 'error' : 'result'}":${value}}`);
  return Buffer.concat([Buffer.from(`{"crc":"${checksum(body)}",`), body, Buffer.from('\n')]);
}

/** Position and state of an undamaged line (without its line feed), undefined for anything else. */
export function readHead(line: Buffer): LineHead | undefined {
  const [, crc, index, state] = HEAD.exec(line.toString('latin1', 0, HEAD_BYTES)) ?? [];
  if (crc === undefined || crc !== checksum(line.subarray(PREFIX))) return undefined;
  return { index: Number(index), broken: state === 'broken' };
}

/** The outcome in an undamaged line. */
export function decodeLine<R>(line: Buffer): Outcome<R> {
  const { index, item, error, result } = JSON.parse(line.toString()) as { index: number; item: string; result: R; error?: Fault };
  return error ? { index, item, error } : { index, item, result };
}

function checksum(bytes: Uint8Array): string {
  return crc32(bytes).toString(16).padStart(8, '0');
}

function stringify(item: string, result: unknown): string {
  const refuse = (found: string): never => {
    throw new VitaminError('USAGE', `Expected the result of "${item}" to be plain data that JSON can hold but found ${found}`);
  };
  const text = JSON.stringify(result, (key, value: unknown) => {
    const at = key === '' ? '' : ` at "${key}"`;
    if (typeof value === 'number' && !Number.isFinite(value)) refuse(`${value}${at}`);
    if (typeof value === 'bigint' || ArrayBuffer.isView(value)) refuse(`${value.constructor.name}${at}`);
    return value;
  }) as string | undefined;
  return text ?? refuse('nothing');
}
