import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { inProcess, vitamin } from './support.ts';

const picture = fileURLToPath(new URL('../../../tools/first-run/pictures/farm.png', import.meta.url));

describe('vitamin serve', () => {
  it('says where it serves, answers, and ends on a signal', async () => {
    let answered: Promise<unknown> | undefined;
    const { status, stdout } = await vitamin(['serve', '--port', '0', '--json'], {
      onOutput: (child, text) => {
        if (answered || !text.includes('}')) return;
        const { url } = JSON.parse(text) as { url: string };
        answered = ask(url).finally(() => child.kill('SIGTERM'));
      },
    });
    expect(JSON.parse(stdout)).toMatchObject({ models: { detect: 'nano' } });
    expect(await answered).toMatchObject({ labels: [{ label: 'sheep' }] });
    expect(status).toBe(143);
  });

  it('refuses a task that it does not know, before anything is loaded', async () => {
    const { status, stderr } = await inProcess(['serve', '--models', 'draw=nano']);
    expect(status).toBe(2);
    expect(stderr).toContain('clip, detect, segment, ask');
  });
});

async function ask(url: string): Promise<unknown> {
  const image = (await readFile(picture)).toString('base64');
  const response = await fetch(`${url}/v1/classify`, {
    method: 'POST',
    body: JSON.stringify({ image, labels: ['sheep', 'boat'], top: 1 }),
  });
  return await response.json();
}
