// What a call costs beyond ONNX Runtime's own work: 100 parameters in and out, as a training loop does. Run: npm run bench -w @vitamin-vlm/runtime
import { tensor } from '@vitamin-vlm/core';
import { add, Graph, toOnnx } from '@vitamin-vlm/graph';
import { Session } from '@vitamin-vlm/runtime';

const COUNT = 100;
const ROUNDS = 5;

function doublingModel(length) {
  const graph = new Graph('doubling');
  for (let i = 0; i < COUNT; i++) {
    const parameter = graph.input(`in${i}`, 'float32', [length]);
    graph.output(`out${i}`, add(parameter, parameter));
  }
  return toOnnx(graph);
}

/** Milliseconds per call: the best of some rounds, since other work on the machine only ever adds. */
async function measure(session, length, transfer, calls) {
  let parameters = Array.from({ length: COUNT }, () => tensor('float32', [length]));
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round <= ROUNDS; round++) {
    const start = performance.now();
    for (let call = 0; call < calls; call++) {
      const outputs = await session.run(Object.fromEntries(parameters.map((value, i) => [`in${i}`, value])), { transfer });
      parameters = parameters.map((_, i) => outputs[`out${i}`]);
    }
    if (round > 0) best = Math.min(best, (performance.now() - start) / calls); // round 0 warms up
  }
  return best;
}

for (const [length, calls] of [
  [16, 300],
  [30_000, 60],
]) {
  const times = {};
  for (const [name, execution, transfer] of [
    ['inline', 'inline', false],
    ['worker, copied', 'worker', false],
    ['worker, transferred', 'worker', true],
  ]) {
    const session = await Session.create(doublingModel(length), { threads: 1, execution });
    times[name] = await measure(session, length, transfer, calls);
    await session.close();
  }
  const megabytes = (COUNT * length * 4) / 1e6;
  console.log(`${COUNT} tensors, ${megabytes.toFixed(2)} MB in and as much out, milliseconds per call:`);
  for (const [name, time] of Object.entries(times)) console.log(`  ${name.padEnd(20)} ${time.toFixed(2).padStart(6)}`);
}
