// Writes the types of the page's client from the OpenAPI document: node page/write-types.mjs, after tsc -b. A test says when they are old.
import { writeFileSync } from 'node:fs';
import openapiTS, { astToString } from 'openapi-typescript';
import { startServer } from '../dist/index.js';

export async function clientTypes() {
  const server = await startServer({ port: 0 });
  const document = await (await fetch(`${server.url}/openapi.json`)).json();
  await server.close();
  return `// Written by page/write-types.mjs from the OpenAPI document.\n${astToString(await openapiTS(document))}`;
}

if (process.argv[1] === import.meta.filename) writeFileSync(new URL('src/schema.gen.ts', import.meta.url), await clientTypes());
