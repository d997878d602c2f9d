import { type ErrorCode, VitaminError } from '@vitamin-vlm/core';
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { HTTPException } from 'hono/http-exception';
import { BusyError } from '../jobs/job-queue.ts';

const statuses: Readonly<Record<ErrorCode, ContentfulStatusCode>> = {
  USAGE: 400,
  INPUT_UNREADABLE: 400,
  INPUT_NOT_FOUND: 404,
  MODEL_UNKNOWN: 404,
  AUTH: 403,
  UNSUPPORTED: 501,
  NETWORK: 502,
  OFFLINE: 502,
  ABORTED: 503,
  WEIGHTS_MISSING: 503,
  WEIGHTS_CORRUPT: 503,
  WEIGHTS_MISMATCH: 503,
  UNSAFE_PICKLE: 503,
  RUNTIME: 503,
};

/** What went wrong, as a client is told. */
export interface Told {
  readonly status: ContentfulStatusCode;
  readonly error: { readonly code: string; readonly message: string; readonly hint?: string };
  readonly headers: Readonly<Record<string, string>>;
}

/** The words for an error. A mistake of ours is not told in detail: it may hold what is none of the client's business. */
export function tell(error: unknown): Told {
  if (error instanceof BusyError) {
    const hint = `Try again in ${error.retryAfter} s.`;
    return { status: 429, error: { code: 'BUSY', message: error.message, hint }, headers: { 'Retry-After': String(error.retryAfter) } };
  }
  if (error instanceof HTTPException) {
    const code = error.status === 401 ? 'AUTH' : 'USAGE';
    return {
      status: error.status,
      error: { code, message: error.message || `Refused with ${error.status}` },
      headers: {},
    };
  }
  if (error instanceof VitaminError) {
    const late = error.code === 'ABORTED' && (error.cause as Error | undefined)?.name === 'TimeoutError';
    if (late) {
      const hint = 'Send a smaller picture, or start the server with a longer --deadline.';
      return {
        status: 504,
        error: { code: 'ABORTED', message: 'Expected an answer before the deadline but there was none', hint },
        headers: {},
      };
    }
    const { code, message, hint } = error;
    return { status: statuses[code], error: { code, message, ...(hint === undefined ? {} : { hint }) }, headers: {} };
  }
  return { status: 500, error: { code: 'INTERNAL', message: 'This is a mistake in the server; its log has the details' }, headers: {} };
}

/** The answer for an error: `{"error": {"code", "message", "hint"}}`. */
export function errorResponse(c: Context, error: unknown): Response {
  const { status, error: body, headers } = tell(error);
  return c.json({ error: body }, status, headers);
}
