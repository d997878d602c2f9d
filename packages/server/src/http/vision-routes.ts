import type { OpenAPIHono } from '@hono/zod-openapi';
import type { z } from 'zod';
import { classifyRequest, detectRequest, encodeRequest, segmentRequest } from '../api/requests.ts';
import { classifyResponse, detectResponse, encodeResponse, segmentResponse } from '../api/responses.ts';
import type { Job } from '../inference/job.ts';
import { describeRoute } from './describe-route.ts';
import { readRequest } from './read-request.ts';
import { runInLane, type ServerParts } from './server-parts.ts';

/** `/v1/detect`, `/v1/segment`, `/v1/classify`, `/v1/encode`: a picture and a question in, JSON out. */
export function visionRoutes(app: OpenAPIHono, parts: ServerParts): void {
  const add = (kind: 'detect' | 'segment' | 'classify' | 'encode', schema: z.ZodObject, answer: z.ZodObject, summary: string): void => {
    describeRoute(app, { path: `/v1/${kind}`, summary, request: schema, answer });
    app.post(`/v1/${kind}`, async (c) => {
      const { picture, request } = await readRequest(c, schema, parts.urls);
      const job = { kind, picture, request } as unknown as Job;
      return c.json(await runInLane(parts, 'vision', c.req.raw.signal, (signal) => parts.thread.run<object>(job, { signal })));
    });
  };
  add('detect', detectRequest, detectResponse, 'Boxes around what the words name');
  add('segment', segmentRequest, segmentResponse, 'What every pixel is');
  add('classify', classifyRequest, classifyResponse, 'Which of the words fits the picture as a whole');
  add('encode', encodeRequest, encodeResponse, "CLIP's vector of the picture");
}
