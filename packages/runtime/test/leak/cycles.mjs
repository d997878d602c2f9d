// Creates, runs and closes a session CYCLES times and reports the resident memory after each, in bytes, as JSON. Arguments: model file, cycles.
import { Session } from '@vitamin-vlm/runtime';

const [path, cycles] = process.argv.slice(2);
const samples = [];
for (let cycle = 0; cycle < Number(cycles); cycle++) {
  const session = await Session.create({ path }, { threads: 1 });
  const [{ shape }] = session.inputs;
  await session.run({ x: { dtype: 'float32', shape, data: new Float32Array(shape[0] * shape[1]) } });
  await session.close();
  globalThis.gc(); // garbage is no leak
  samples.push(process.memoryUsage.rss());
}
process.stdout.write(JSON.stringify(samples));
