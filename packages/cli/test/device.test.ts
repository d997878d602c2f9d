import { beforeAll, expect, it, vi } from 'vitest';
import { inTemporaryFolder, tinyClasses, writePicture, writeTinyDetector, writeTinyModel, writeTinySegmenter } from './support.ts';
import { writeTinyTalker } from './tiny-talker.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const { temporary, run } = inTemporaryFolder();

beforeAll(async () => {
  await writeTinyModel(temporary('model'));
  await writeTinyDetector(temporary('detector.pth'));
  await writeTinySegmenter(temporary('segmenter.pth'), tinyClasses, [true, true, true, true, false]);
  await writeTinyTalker(temporary('talker'));
  await writePicture(temporary('a.png'), 60, 48, 1);
});

/** All that a document says, numbers apart from the rest. */
function split(document: unknown): { readonly numbers: number[]; readonly rest: string } {
  const numbers: number[] = [];
  const rest = JSON.stringify(document, (_, value: unknown) => {
    if (typeof value !== 'number') return value;
    numbers.push(value);
    return '#';
  });
  return { numbers, rest };
}

const remark = /^Device tfjs: computes on tfjs-wasm\. ONNX Runtime, the default, is faster on a CPU\.\n$/u;

it.each([
  ['classify', ['a.png', '--labels', 'red bus,green tree']],
  ['detect', ['a.png', '--tower', 'model', '--model', 'detector.pth', '--labels', 'cat|kitten,red umbrella']],
  ['segment', ['a.png', '--tower', 'model', '--model', 'segmenter.pth', '--labels', 'cat|kitten,red umbrella']],
])('%s answers on TensorFlow.js what it answers on ONNX Runtime, and says where it computes', async (command, args) => {
  const expected = await run(command, ...args, '--json');
  expect([expected.status, expected.stderr]).toEqual([0, '']);
  // Words are kept by their model, not by the engine: with a cache of its own, the second run makes them again.
  const found = await run(command, ...args, '--json', '--device', 'tfjs', '--cache-dir', 'other-cache');
  expect([found.status, found.stderr]).toEqual([0, expect.stringMatching(remark)]);
  const [a, b] = [split(JSON.parse(expected.stdout)), split(JSON.parse(found.stdout))];
  expect(b.rest).toBe(a.rest);
  expect(a.numbers.length).toBeGreaterThan(4);
  a.numbers.forEach((number, i) => expect(Math.abs(b.numbers[i]! - number)).toBeLessThan(1e-4 * (1 + Math.abs(number))));
});

it('ask answers there too, with a language model in float32; one in 8 bits is refused by the operators that it needs', async () => {
  const ask = ['ask', 'a.png', 'What is this?', '--llm', 'talker', '--max-tokens', '6'];
  const expected = await run(...ask);
  expect([expected.status, expected.stderr]).toEqual([0, '']);
  expect(await run(...ask, '--device', 'tfjs')).toMatchObject({
    status: 0,
    stdout: expected.stdout,
    stderr: expect.stringMatching(remark) as string,
  });
  const refused = await run(...ask, '--device', 'tfjs', '--precision', 'int8');
  expect(refused.status).not.toBe(0);
  expect(refused.stderr).toMatch(/Expected what TensorFlow\.js can compute here but found DynamicQuantizeLinear .*, MatMulInteger/u);
});
