import { VitaminError } from '@vitamin-vlm/core';

export type JsonObject = Readonly<Record<string, unknown>>;

/** The error of a file that does not have the format. `place`: where in the file, e.g. `sliding[0].window`. */
export function formatError(place: string, wanted: string, found: unknown): VitaminError {
  const shown = JSON.stringify(found) ?? 'nothing';
  return new VitaminError('USAGE', `Expected ${wanted} at ${place} but found ${shown.length > 80 ? `${shown.slice(0, 80)}...` : shown}`, {
    hint: 'The format is described in tools/parity/README.md.',
  });
}

export function objectAt(value: unknown, place: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw formatError(place, 'an object', value);
}

export function arrayAt(value: unknown, place: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw formatError(place, 'a list', value);
}

export function numberAt(value: unknown, place: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw formatError(place, 'a number', value);
}

/** A whole number from `least` to `most`. */
export function integerAt(value: unknown, place: string, least: number, most: number): number {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return value as number;
  throw formatError(place, `a whole number from ${least} to ${most}`, value);
}

export function stringAt(value: unknown, place: string): string {
  if (typeof value === 'string') return value;
  throw formatError(place, 'a text', value);
}

/** The members that say something: null counts as absent, and texts under names that the format does not know are notes. */
export function membersOf(object: JsonObject, known: (name: string) => boolean): [string, unknown][] {
  return Object.entries(object).filter(([name, value]) => value !== null && (known(name) || typeof value !== 'string'));
}
