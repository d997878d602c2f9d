import { VitaminError } from '@vitamin-vlm/core';
import type { Context } from 'hono';
import type { z } from 'zod';
import type { PictureReference } from '../inference/job.ts';
import { fetchPicture, type UrlRules } from './fetch-picture.ts';

/** A request for a picture, read and checked. */
export interface ReadRequest<T> {
  readonly picture: PictureReference;
  readonly request: T;
}

/**
 * Reads a request: JSON, or a form with the file as `image` and every other field as text.
 *
 * @throws VitaminError `USAGE` that names the field for what does not fit the schema; `INPUT_UNREADABLE` for an image that is neither base64 nor a file; `AUTH` and `NETWORK` for
 *   pictures by URL.
 */
export async function readRequest<S extends z.ZodObject>(c: Context, schema: S, urls: UrlRules): Promise<ReadRequest<z.infer<S>>> {
  const { fields, file } = isForm(c) ? await readForm(c, schema) : { fields: await readJson(c), file: undefined };
  const request = check(schema, fields);
  const { image, key } = request as { image?: string; key?: string };
  const given = [file, image, key].filter((one) => one !== undefined).length;
  if (given !== 1)
    throw new VitaminError(
      'USAGE',
      `Expected a picture as "image", or the "key" of one, but received ${given === 0 ? 'neither' : 'more than one'}`,
    );
  if (key !== undefined) return { picture: { key }, request };
  return { picture: { bytes: file ?? (await pictureFrom(image!, urls, c.req.raw.signal)) }, request };
}

/** @throws VitaminError `USAGE` that names the field. */
export function check<S extends z.ZodType>(schema: S, value: unknown): z.infer<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = issue!.path.length > 0 ? `"${issue!.path.join('.')}"` : 'the request';
  throw new VitaminError('USAGE', `Expected another value of ${place}: ${issue!.message}`, {
    hint: 'GET /openapi.json describes all requests.',
  });
}

/** The body as JSON. @throws VitaminError `INPUT_UNREADABLE`. */
export async function readJson(c: Context): Promise<unknown> {
  const text = await c.req.text();
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new VitaminError('INPUT_UNREADABLE', `Expected JSON but found: ${(cause as Error).message}`, {
      cause,
      hint: 'Send JSON, or a form (multipart/form-data) with the file as "image".',
    });
  }
}

/** The bytes that a text stands for: base64, a data: URL, or an allowed address. */
export async function pictureFrom(text: string, urls: UrlRules, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  if (/^https?:/iu.test(text)) return await fetchPicture(text, urls, signal);
  const [, data = text] = /^data:[^,]{0,200};base64,(.*)$/su.exec(text) ?? [];
  if (!/^[A-Za-z0-9+/_=\s-]+$/u.test(data)) {
    throw new VitaminError('INPUT_UNREADABLE', 'Expected "image" as base64 or as a data: URL in base64', {
      hint: 'A path on the client is not read: send the bytes.',
    });
  }
  return owned(Buffer.from(data, 'base64'));
}

/** Bytes in a buffer of their own, which can go to another thread. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

function isForm(c: Context): boolean {
  return /^multipart\/form-data/iu.test(c.req.header('content-type') ?? '');
}

async function readForm(
  c: Context,
  schema: z.ZodObject,
): Promise<{ fields: Record<string, unknown>; file: Uint8Array<ArrayBuffer> | undefined }> {
  const form = await c.req.formData().catch((cause: unknown) => {
    throw new VitaminError('INPUT_UNREADABLE', `Expected a form but found: ${(cause as Error).message}`, { cause });
  });
  const fields: Record<string, unknown> = {};
  let file: Uint8Array<ArrayBuffer> | undefined;
  for (const name of new Set(form.keys())) {
    const values = form.getAll(name);
    const [first] = values;
    if (first instanceof File) file = owned(new Uint8Array(await first.arrayBuffer()));
    else
      fields[name] = asTyped(
        values.filter((value) => typeof value === 'string'),
        schema.shape[name] as z.ZodType | undefined,
      );
  }
  return { fields, file };
}

/** Fields of a form are texts: lists are repeated or separated by commas, as on the command line. */
function asTyped(values: readonly string[], schema: z.ZodType | undefined): unknown {
  const [first = ''] = values;
  const type = innerType(schema);
  if (type === 'array') return values.flatMap((value) => value.split(',')).map((value) => value.trim());
  if (type === 'number') return first.trim() === '' ? first : Number(first);
  if (type === 'boolean') return first === 'true' ? true : first === 'false' ? false : first;
  return first;
}

function innerType(schema: z.ZodType | undefined): string | undefined {
  const { type, innerType: inner } = (schema?.def ?? {}) as { type?: string; innerType?: z.ZodType };
  return inner ? innerType(inner) : type;
}
