import { fork } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { windowGrid, windowPositions } from '@vitamin-vlm/backbone';
import { toOnnx } from '@vitamin-vlm/graph';
import { defaultReadSettings, type DetectionEncoding, Detector } from '@vitamin-vlm/fvit-detection';
import { Session } from '@vitamin-vlm/runtime';
import { type Setting, targetOfLarge } from '../bench.ts';
import type { DetectorJob, DetectorReport } from '../detector-worker.ts';
import { noiseVocabulary, writeDetector, writeNoisePicture } from '../detector-model.ts';
import type { Figure } from '../figure.ts';
import { median, medianRatio, paired, type Task } from '../paired.ts';
import { windowGraph, windowPixels } from '../window-model.ts';

/** Pictures: one of which no window lies in the padding, and one of which most do. */
const SHAPES = [
  { name: '4:3', width: 1200, height: 900 },
  { name: '4:1', width: 1600, height: 400 },
] as const;
/** Words, and the milliseconds that they may take. */
const WORDS = [
  [80, 100],
  [1203, 1000],
] as const;
/** Pictures of a round of the embedded detector. */
const SMALL_PICTURES = 60;

/** A whole F-ViT, from the file to the boxes, beside the windows that its tower has to read; and what it holds. */
export async function detectBench(setting: Setting): Promise<Figure[]> {
  const file = await writeDetector(setting.folder, setting.model);
  return [...(await times(setting, file)), await peak(setting, file), await growth(setting)];
}

async function times({ folder, threads, rounds, clock, model }: Setting, file: string): Promise<Figure[]> {
  await using detector = await Detector.load(file, { threads, cacheDir: folder });
  const { size, window, stride } = defaultReadSettings(detector.model.tower.tower, detector.model.family);
  const pictures = await Promise.all(
    SHAPES.map(async (shape) => ({ ...shape, path: await writeNoisePicture(folder, shape.width, shape.height) })),
  );
  for (const { path } of pictures) await detector.detect(path); // its sessions come first: they have the threads that spin
  const graph = await windowGraph(file, 1, { prefix: 'backbone.' });
  await using tower = await Session.create(toOnnx(graph), { threads, cacheDir: folder, spinning: true });
  const image = windowPixels(1, model.side);
  const figures: Figure[] = [];
  for (const { name, width, height, path } of pictures) {
    const rows = Math.floor((height * size) / Math.max(width, height) + 0.5);
    const positions = windowPositions(windowGrid(size, size, window, stride));
    const seen = positions.filter(({ top }) => top < rows).length;
    const windows = seen + Number(seen < positions.length); // of those in the padding, one
    const measured = await paired(
      rounds,
      clock,
      () => detector.detect(path),
      async () => {
        for (let i = 0; i < windows; i++) await tower.run({ image });
      },
    );
    figures.push({
      bench: 'detect',
      what: `F-ViT on ViTamin ${model.size} at ${size}, a picture of ${name}, file to boxes`,
      unit: 's',
      ours: median(measured.ours) / 1000,
      peerName: `${windows} single windows`,
      peer: median(measured.peer) / 1000,
      ratio: medianRatio(measured),
      ...targetOfLarge(model, { on: 'ratio', bound: 'at most', value: 1.15 }),
      ...(seen < positions.length ? { note: `${positions.length - seen} of ${positions.length} windows lie in the padding` } : {}),
    });
  }
  const encoding = await detector.encode(pictures[0]!.path);
  for (const [count, most] of WORDS)
    figures.push(await asking(detector, encoding, count, most, { rounds, clock, model }, () => tower.run({ image })));
  return figures;
}

/** A vocabulary asked of a picture that was encoded before. */
async function asking(
  detector: Detector,
  encoding: DetectionEncoding,
  count: number,
  most: number,
  { rounds, clock, model }: Pick<Setting, 'rounds' | 'clock' | 'model'>,
  window: Task,
): Promise<Figure> {
  const vocabulary = noiseVocabulary(detector, count);
  const measured = await paired(rounds, clock, () => detector.detect(encoding, vocabulary), window);
  return {
    bench: 'detect',
    what: `${count} words asked of an encoding of ${encoding.boxes.shape[0]} regions`,
    unit: 'ms',
    ours: median(measured.ours),
    peerName: 'a single window',
    peer: median(measured.peer),
    ratio: medianRatio(measured),
    ...targetOfLarge(model, { on: 'ours', bound: 'at most', value: most }),
  };
}

async function peak({ folder, threads, model }: Setting, file: string): Promise<Figure> {
  const [{ name, width, height }] = SHAPES;
  const picture = await writeNoisePicture(folder, width, height);
  const found = await runInProcess({ threads, detector: file, cacheDir: folder, pictures: [picture], rounds: 2 });
  const { size } = await stat(file);
  return {
    bench: 'detect',
    what: `largest resident memory of the process, a picture of ${name} twice`,
    unit: 'MB',
    ours: found.peak / 1e6,
    peerName: '1.6 times the weight file, and 700 MB',
    peer: 1.6 * (size / 1e6) + 700,
    ratio: found.peak / (1.6 * size + 700e6),
    ...targetOfLarge(model, { on: 'ratio', bound: 'at most', value: 1 }),
  };
}

/** The embedded detector: whether memory grows from picture to picture. */
async function growth({ folder, threads, rounds }: Setting): Promise<Figure> {
  const sides = Array.from({ length: SMALL_PICTURES }, (_, i) => [160 + 8 * (i % 12), 120 + 16 * (i % 7)] as const);
  const pictures = await Promise.all(
    [...new Set(sides.map(([width, height]) => `${width}x${height}`))].map(async (name) => {
      const [width = 0, height = 0] = name.split('x').map(Number);
      return await writeNoisePicture(folder, width, height);
    }),
  );
  const { resident } = await runInProcess({ threads, detector: 'nano', cacheDir: folder, pictures, rounds });
  const third = Math.ceil(resident.length / 3);
  const [before, after] = [resident.slice(third, 2 * third), resident.slice(2 * third)].map(
    (part) => part.reduce((sum, bytes) => sum + bytes, 0) / part.length,
  ) as [number, number];
  return {
    bench: 'detect',
    what: `resident memory in the last third of ${resident.length} pictures, embedded detector`,
    unit: 'MB',
    ours: after / 1e6,
    peerName: 'in the second third',
    peer: before / 1e6,
    ratio: after / before,
    target: { on: 'ratio', bound: 'at most', value: 1.03 },
    note: `${((after - before) / third / 1000).toFixed(1)} kB a picture`,
  };
}

function runInProcess(job: DetectorJob): Promise<DetectorReport> {
  const script = fileURLToPath(new URL('../detector-worker.js', import.meta.url));
  const child = fork(script, [JSON.stringify(job)], { execArgv: [] });
  return new Promise((resolve, reject) => {
    let found: DetectorReport | undefined;
    child.on('message', (report: DetectorReport) => (found = report));
    child.once('error', reject);
    child.once('exit', (code) => (found && code === 0 ? resolve(found) : reject(new Error(`${script} ended with code ${code}`))));
  });
}
