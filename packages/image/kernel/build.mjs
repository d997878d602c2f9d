// Assembles resize.wat and writes its bytes as base64 into src/resize-kernel.data.ts: `node kernel/build.mjs` after a change of the source.
// A test compares the two, so that the shipped bytes are always those of the readable source.
import { readFile, writeFile } from 'node:fs/promises';
import wabt from 'wabt';

const source = await readFile(new URL('resize.wat', import.meta.url), 'utf8');
const assembler = await wabt();
const { buffer } = assembler.parseWat('resize.wat', source).toBinary({});
const base64 = Buffer.from(buffer).toString('base64');
await writeFile(
  new URL('../src/resize-kernel.data.ts', import.meta.url),
  `/** kernel/resize.wat, assembled by kernel/build.mjs. */\nexport const resizeKernel: string =\n  '${base64}';\n`,
);
