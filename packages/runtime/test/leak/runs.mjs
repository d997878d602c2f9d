// Runs one session many times and reports the resident memory after every fifth run, in bytes, as JSON. Arguments: model file, runs.
import { Session } from '@vitamin-vlm/runtime';

const [path, runs] = process.argv.slice(2);
const session = await Session.create({ path }, { threads: 1 });
const [{ name, shape }] = session.inputs;
const length = shape.reduce((product, dim) => product * dim, 1);
const samples = [];
for (let run = 0; run < Number(runs); run++) {
  // Every other run hands its buffer over, the others copy it.
  await session.run({ [name]: { dtype: 'float32', shape, data: new Float32Array(length) } }, { transfer: run % 2 === 0 });
  if (run % 5 !== 4) continue;
  globalThis.gc(); // garbage is no leak
  samples.push(process.memoryUsage.rss());
}
await session.close();
process.stdout.write(JSON.stringify(samples));
