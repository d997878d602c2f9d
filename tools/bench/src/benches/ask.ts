import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { openModel } from '@vitamin-vlm/backbone';
import { tensor } from '@vitamin-vlm/core';
import { decodeImage } from '@vitamin-vlm/image';
import { Decoder, generateIds, openLlama, preparePicture, openProjector, projectorOf, TokenMaker } from '@vitamin-vlm/llava-bridge';
import { SessionPool } from '@vitamin-vlm/runtime';
import type { Setting } from '../bench.ts';
import type { Figure } from '../figure.ts';
import { noise } from '../noise.ts';
import { median, medianRatio, paired } from '../paired.ts';

const TALKER = 'nano/talker';
const QUESTION = 'Describe the picture.';
/** Tokens of an answer that are timed. */
const ANSWER = 64;
const ROUNDS = 3;

/** What asking costs with the embedded talker: to the first word from nothing, a word, a picture. */
export async function askBench({ threads, rounds, clock }: Setting): Promise<Figure[]> {
  const picture = fileURLToPath(new URL('../../../first-run/pictures/farm.png', import.meta.url));
  return [
    await firstWord(picture, threads),
    await decoding({ threads, rounds, clock }),
    await pictureTokens(picture, { threads, rounds, clock }),
  ];
}

/** Each in a fresh process; the first, which fills the caches, does not count. */
async function firstWord(picture: string, threads: number): Promise<Figure> {
  await timeOf('../ask-worker.js', [picture, QUESTION, `${threads}`]);
  const [ours, bare]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await timeOf('../ask-worker.js', [picture, QUESTION, `${threads}`]));
    bare.push(await timeOf('../empty-worker.js', []));
  }
  return {
    bench: 'ask',
    what: 'from the command to the first word of the embedded talker',
    unit: 's',
    ours: median(ours),
    peerName: 'a Node process that does nothing',
    peer: median(bare),
    ratio: median(ours) / median(bare),
    target: { on: 'ours', bound: 'at most', value: 1 },
  };
}

/** Seconds from starting a process to its first message. */
async function timeOf(script: string, args: readonly string[]): Promise<number> {
  const start = performance.now();
  const child = fork(fileURLToPath(new URL(script, import.meta.url)), args, { execArgv: [] });
  return await new Promise((resolve, reject) => {
    let seconds = Number.NaN;
    child.once('message', () => (seconds = (performance.now() - start) / 1000));
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 && seconds > 0 ? resolve(seconds) : reject(new Error(`${script} ended with code ${code}`))));
  });
}

type Timing = Pick<Setting, 'threads' | 'rounds' | 'clock'>;

async function decoding({ threads, rounds, clock }: Timing): Promise<Figure> {
  await using sessions = new SessionPool({ threads });
  const decoder = new Decoder(await openLlama(TALKER), sessions);
  const { hidden } = decoder.model.config;
  const prompt = noise([80, hidden], { scale: 0.1 });
  const answer = async (): Promise<void> => {
    let count = 0;
    for await (const id of generateIds(decoder, prompt, { maxTokens: ANSWER, eos: [] })) count += Number(id >= 0);
    if (count !== ANSWER) throw new Error(`Expected ${ANSWER} tokens but received ${count}`);
  };
  const atOnce = noise([80 + ANSWER, hidden], { scale: 0.1 });
  const times = await paired(rounds, clock, answer, () => decoder.read([atOnce]));
  return {
    bench: 'ask',
    what: `the embedded talker reads 80 tokens and says ${ANSWER}`,
    unit: 'tokens/s',
    ours: (1000 * ANSWER) / median(times.ours),
    peerName: 'reads as many at once',
    peer: (1000 * ANSWER) / median(times.peer),
    ratio: 1 / medianRatio(times),
  };
}

/** A picture's tokens, beside the tower alone on pixels that are prepared. */
async function pictureTokens(path: string, { threads, rounds, clock }: Timing): Promise<Figure> {
  await using sessions = new SessionPool({ threads });
  const { settings, folder } = await openLlama(TALKER);
  const maker = new TokenMaker(await openModel('nano'), await openProjector(await projectorOf(folder)), {
    ...settings,
    sessions,
    cacheBytes: 0,
  });
  const picture = await decodeImage(path);
  const { shape, data } = await preparePicture(picture, maker.recipe.size, 'pad');
  const pixels = tensor('float32', [1, ...shape], data);
  const times = await paired(
    rounds,
    clock,
    () => maker.tokens(picture),
    () => maker.towerMap(pixels),
  );
  return {
    bench: 'ask',
    what: 'a decoded picture to its tokens',
    unit: 'ms',
    ours: median(times.ours),
    peerName: 'the tower alone',
    peer: median(times.peer),
    ratio: medianRatio(times),
    target: { on: 'ratio', bound: 'at most', value: 1.05 },
  };
}
