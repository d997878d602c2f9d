import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { errorResponse } from '../api/responses.ts';

const refusals: Readonly<Record<number, string>> = {
  400: 'A request that does not fit',
  401: 'No token, or a wrong one',
  404: 'A key that is not kept any more',
  413: 'A body that is too large',
  429: 'Too many requests are waiting; Retry-After says when to come again',
  501: 'A task that this server has no model for',
  504: 'No answer before the deadline',
};

/** A line of the OpenAPI document. */
export interface RouteDescription {
  readonly path: string;
  readonly summary: string;
  readonly request: z.ZodObject;
  readonly answer: z.ZodType;
  /** Pieces as server-sent events are another form of the answer. */
  readonly streams?: boolean;
}

/** Writes a route into the OpenAPI document. What comes in is read by `readRequest`, which takes JSON and forms alike. */
export function describeRoute(app: OpenAPIHono, { path, summary, request, answer, streams = false }: RouteDescription): void {
  const form = request.omit({ image: true, key: true }).extend({ image: z.any().openapi({ type: 'string', format: 'binary' }) });
  const refused = Object.entries(refusals).map(([status, description]) => [
    status,
    { description, content: { 'application/json': { schema: errorResponse } } },
  ]);
  app.openAPIRegistry.registerPath({
    method: 'post',
    path,
    summary,
    request: { body: { required: true, content: { 'application/json': { schema: request }, 'multipart/form-data': { schema: form } } } },
    responses: {
      200: {
        description: 'The answer',
        content: { 'application/json': { schema: answer }, ...(streams ? { 'text/event-stream': { schema: z.string() } } : {}) },
      },
      ...Object.fromEntries(refused),
    },
  });
}
