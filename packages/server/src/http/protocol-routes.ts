import type { OpenAPIHono } from '@hono/zod-openapi';
import { VitaminError } from '@vitamin-vlm/core';
import { decodeRequest, encodeResponse, HEADER_LENGTH, type InferTensor } from '@vitamin-vlm/oip-client';
import type { Context } from 'hono';
import type { Described, InferModel } from '../inference/job.ts';
import { tell } from './error-response.ts';
import { runInLane, type ServerParts } from './server-parts.ts';

/** All models have one version. */
const VERSION = '1';

/** The Open Inference Protocol v2 as KServe and Triton speak it (https://github.com/kserve/open-inference-protocol), with the binary tensor extension. Its errors are `{"error": "words"}`. */
export function protocolRoutes(app: OpenAPIHono, parts: ServerParts, version: string): void {
  let described: Promise<Described> | undefined;
  const models = async (): Promise<Described> => {
    described ??= parts.thread.run<Described>({ kind: 'describe' }, {});
    try {
      return await described;
    } catch (error) {
      described = undefined;
      throw error;
    }
  };
  const modelOf = async (c: Context): Promise<{ name: string; model: InferModel }> => {
    const name = c.req.param('model')!;
    const asked = c.req.param('version');
    const found = await models();
    if (Object.hasOwn(found, name) && (asked === undefined || asked === VERSION)) return { name, model: found[name]! };
    const wanted = asked === undefined ? name : `${name}, version ${asked}`;
    throw new VitaminError('MODEL_UNKNOWN', `Expected one of ${Object.keys(found).join(', ')}, version ${VERSION}, but received ${wanted}`);
  };
  const everyVersion = (path: string, method: 'get' | 'post', handle: Handler): void => {
    app[method](`/v2/models/:model${path}`, guarded(handle));
    app[method](`/v2/models/:model/versions/:version${path}`, guarded(handle));
  };

  app.get('/v2', (c) => c.json({ name: 'vitamin', version, extensions: ['binary_tensor_data'] }));
  app.get('/v2/health/live', (c) => c.body(null, 200));
  app.get(
    '/v2/health/ready',
    guarded(async (c) => (await models(), c.body(null, 200))),
  );
  app.get(
    '/v2/models',
    guarded(async (c) => c.json({ models: Object.keys(await models()) })),
  );
  everyVersion('/ready', 'get', async (c) => (await modelOf(c), c.body(null, 200)));
  everyVersion('', 'get', async (c) => {
    const { name, model } = await modelOf(c);
    return c.json({ name, versions: [VERSION], platform: 'vitamin', ...model });
  });
  everyVersion('/infer', 'post', async (c) => {
    const { name, model } = await modelOf(c);
    const length = c.req.header(HEADER_LENGTH);
    if (length !== undefined && !/^\d{1,10}$/u.test(length)) {
      throw new VitaminError('USAGE', `Expected a number of bytes as ${HEADER_LENGTH} but received ${length}`);
    }
    const body = new Uint8Array(await c.req.arrayBuffer());
    const { id, inputs, outputs, binaryOutputs } = decodeRequest(body, length === undefined ? undefined : Number(length));
    const unknown = outputs?.find((wanted) => !model.outputs.some((known) => known.name === wanted.name));
    if (unknown)
      throw new VitaminError(
        'USAGE',
        `Expected outputs among ${model.outputs.map((one) => one.name).join(', ')} but received ${unknown.name}`,
      );
    const job = { kind: 'infer', model: name, inputs } as const;
    const all = await runInLane(parts, 'vision', c.req.raw.signal, (signal) =>
      parts.thread.run<Record<string, InferTensor>>(job, { signal }),
    );
    const wanted = outputs ? Object.fromEntries(outputs.map((output) => [output.name, all[output.name]!])) : all;
    const binary = new Map(outputs?.map((output) => [output.name, output.binary]));
    const answer = encodeResponse({ model: name, version: VERSION, id, outputs: wanted }, (output) => binary.get(output) ?? binaryOutputs);
    const headers =
      answer.headerLength === undefined
        ? { 'content-type': 'application/json' }
        : { 'content-type': 'application/octet-stream', [HEADER_LENGTH]: String(answer.headerLength) };
    return c.body(answer.body, 200, headers);
  });
}

type Handler = (c: Context) => Promise<Response>;

/** Every route of the protocol answers errors in its own form. */
function guarded(handle: Handler): Handler {
  return async (c) => {
    try {
      return await handle(c);
    } catch (error) {
      const { status, error: told, headers } = tell(error);
      return c.json({ error: told.message }, status, headers);
    }
  };
}
