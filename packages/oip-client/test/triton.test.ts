import { describe, expect, it } from 'vitest';
import { InferenceClient, textTensor } from '../src/index.ts';

/** A real Triton with the models `double` and `echo`, by the address in VITAMIN_TRITON. */
const url = process.env['VITAMIN_TRITON'];

describe.skipIf(url === undefined)('a real Triton', () => {
  it('says what it serves', async () => {
    const client = new InferenceClient(url!);
    expect(await client.isLive()).toBe(true);
    expect(await client.isReady()).toBe(true);
    expect((await client.server()).extensions).toContain('binary_tensor_data');
    expect((await client.model('double')).name).toBe('double');
  });

  it.each([true, false])('answers, with tensors as JSON: %s', async (json) => {
    const client = new InferenceClient(url!);
    const { inputs, outputs } = await client.model('double');
    const { name } = inputs[0]!;
    const data = Float32Array.of(1, -2.5, 3, 4);
    const answer = await client.infer('double', { [name]: { datatype: 'FP32', shape: [1, 4], data } }, { json });
    expect(answer.outputs[outputs[0]!.name]!.data).toEqual(data.map((value) => 2 * value));
  });

  it('refuses with its own words', async () => {
    const refused = new InferenceClient(url!).infer('nothing', { a: textTensor(['b']) });
    await expect(refused).rejects.toThrow(expect.objectContaining({ code: 'USAGE', message: expect.stringContaining('nothing') }));
  });
});
