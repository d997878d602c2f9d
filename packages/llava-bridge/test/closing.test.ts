import { expect, it } from 'vitest';
import { Bridge } from '../src/index.ts';

const gray = { width: 256, height: 256, data: new Uint8Array(256 * 256 * 3).fill(128) };
const load = (): Promise<Bridge> => Bridge.load({ tower: 'nano', llm: 'nano/talker', threads: 1 });

it('close() waits for tokens that are being made, and refuses others', async () => {
  const bridge = await load();
  const running = bridge.tokens(gray);
  await bridge.close();
  expect((await running).tokens).toBe(64);
  await expect(bridge.tokens(gray)).rejects.toMatchObject({ code: 'USAGE' });
});

it('close() waits for an answer, and for one that nobody wants to the end', async () => {
  const bridge = await load();
  const answer = async (pieces: number): Promise<string> => {
    let [said, left] = ['', pieces];
    for await (const text of bridge.ask(gray, 'Describe the picture.', { maxTokens: 12 })) {
      said += text;
      if (--left === 0) break;
    }
    return said;
  };
  const [whole, part] = [answer(100), answer(1)];
  await bridge.close();
  expect((await whole).startsWith(await part)).toBe(true);
  expect((await whole).length).toBeGreaterThan((await part).length);
  await expect(answer(1)).rejects.toMatchObject({ code: 'USAGE' });
});
