import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { serveStatic } from '@hono/node-server/serve-static';
import { OpenAPIHono } from '@hono/zod-openapi';
import { bearerAuth } from 'hono/bearer-auth';
import { bodyLimit } from 'hono/body-limit';
import { secureHeaders } from 'hono/secure-headers';
import { askRoutes } from './ask-routes.ts';
import { errorResponse } from './error-response.ts';
import { ownOriginOnly } from './guards.ts';
import { createMetrics } from './metrics.ts';
import { protocolRoutes } from './protocol-routes.ts';
import type { ServerParts } from './server-parts.ts';
import { visionRoutes } from './vision-routes.ts';

/** What the page was built to. */
const pageFolder = fileURLToPath(new URL('../page', import.meta.url));

/** How the app guards itself. */
export interface AppOptions {
  /** Asked for as `Authorization: Bearer`, except for `/healthz` and the page. */
  readonly token?: string | undefined;
  /** Bytes of a request at most. */
  readonly maxBody: number;
  readonly onLoopback: boolean;
  readonly version: string;
  /** Is told about mistakes of ours. */
  readonly onError: (error: unknown) => void;
}

/** The routes of a server. Limits come before anything is read. */
export function createApp(parts: ServerParts, { token, maxBody, onLoopback, version, onError }: AppOptions): OpenAPIHono {
  const app = new OpenAPIHono();
  const metrics = createMetrics(parts.queue);
  app.onError((error, c) => {
    const response = errorResponse(c, error);
    if (response.status === 500) onError(error);
    return response;
  });
  app.notFound((c) =>
    c.json(
      {
        error: {
          code: 'USAGE',
          message: `Expected a known address but received ${c.req.method} ${c.req.path}`,
          hint: 'GET /openapi.json lists them.',
        },
      },
      404,
    ),
  );
  app.use(metrics.count);
  app.use(ownOriginOnly(onLoopback && token === undefined));
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'", 'data:', 'blob:'],
        styleSrc: ["'self'", "'unsafe-inline'"],
        objectSrc: ["'none'"],
        frameAncestors: ["'none'"],
      },
    }),
  );
  app.get('/healthz', (c) => c.json({ status: 'ok', waiting: parts.queue.waiting, running: parts.queue.running }));
  if (token !== undefined) {
    const guard = bearerAuth({ token });
    for (const path of ['/v1/*', '/v2', '/v2/*', '/metrics', '/openapi.json']) app.use(path, guard);
  }
  app.use(
    bodyLimit({
      maxSize: maxBody,
      onError: (c) =>
        c.json(
          {
            error: {
              code: 'USAGE',
              message: `Expected at most ${maxBody} bytes`,
              hint: 'Send a smaller picture, or start the server with a larger --max-body.',
            },
          },
          413,
          { connection: 'close' },
        ),
    }),
  );
  app.get('/metrics', metrics.page);
  visionRoutes(app, parts);
  askRoutes(app, parts);
  protocolRoutes(app, parts, version);
  app.doc31('/openapi.json', { openapi: '3.1.0', info: { title: 'vitamin', version, description: 'Open-vocabulary vision' } });
  // Only `npm run build` makes the page; the compiler alone does not.
  if (existsSync(pageFolder))
    for (const path of ['/', '/assets/*', '/scenes/*', '/icon.svg']) app.get(path, serveStatic({ root: pageFolder }));
  return app;
}
