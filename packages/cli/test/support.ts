import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pooledHead, type TextTowerConfig, textTower, type ViTaminConfig, vitaminTrunk } from '@vitamin-vlm/backbone';
import { writeSafetensors } from '@vitamin-vlm/checkpoint';
import { sizeOf, type Tensor, tensor, writeFileAtomic } from '@vitamin-vlm/core';
import { Graph, Parameters } from '@vitamin-vlm/graph';
import { declaredHeads as declaredMaskHeads, saveSegmenter } from '@vitamin-vlm/fcclip-segmentation';
import { declaredHeads, saveDetector } from '@vitamin-vlm/fvit-detection';
import { encodePng } from '@vitamin-vlm/image';
import { afterAll, beforeAll } from 'vitest';
import type { Command, PassThrough } from '../src/command.ts';
import { runCommandLine } from '../src/program.ts';

/** What a run of the command left behind. */
export interface Run {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Called with the process when it has been started. */
  readonly onStart?: (child: ReturnType<typeof spawn>) => void;
  /** Called with the process and what has come so far whenever something comes. */
  readonly onOutput?: (child: ReturnType<typeof spawn>, text: string) => void;
}

const command = fileURLToPath(new URL('../bin/vitamin.js', import.meta.url));

/** Runs the real command. Nothing of the environment that could change what it prints is passed on. */
export async function vitamin(args: readonly string[], { cwd, env, onStart, onOutput }: RunOptions = {}): Promise<Run> {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(?:VITAMIN_|HF_|NO_COLOR|FORCE_COLOR|NODE_OPTIONS|VITEST)/u.test(name),
  );
  const child = spawn(process.execPath, [command, ...args], { cwd, env: { ...Object.fromEntries(inherited), ...env } });
  onStart?.(child);
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    onOutput?.(child, stdout + stderr);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    onOutput?.(child, stdout + stderr);
  });
  const [status, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.once('error', reject).once('close', (code, name) => resolve([code, name]));
  });
  return { status, signal, stdout, stderr };
}

/** Runs the program inside this process: what a run prints and returns, without the time a new process takes. */
export async function inProcess(args: readonly string[], commands?: readonly (Command | PassThrough)[]): Promise<Run> {
  let [stdout, stderr] = ['', ''];
  const streams = { stdout: { write: (text: string) => (stdout += text) }, stderr: { write: (text: string) => (stderr += text) } };
  const stop = { signal: new AbortController().signal, exitCode: () => undefined, abandon: () => undefined };
  const status = await runCommandLine(args, streams, stop, commands);
  return { status, signal: null, stdout, stderr };
}

/** The tests of a file run in a temporary folder, with the model in `model/` as the default and a cache of their own. */
export function inTemporaryFolder(): { temporary: (...parts: string[]) => string; run: (...args: string[]) => Promise<Run> } {
  const temporary = temporaryFolder();
  const home = process.cwd();
  beforeAll(() => {
    process.chdir(temporary());
    process.env['VITAMIN_MODEL'] = temporary('model');
    process.env['VITAMIN_CACHE_DIR'] = temporary('cache');
    process.env['VITAMIN_NO_PROGRESS'] = '1'; // it comes with time, and this machine may be busy
  });
  afterAll(() => process.chdir(home));
  return { temporary, run: (...args) => inProcess(args) };
}

/** A temporary folder for the tests of one file. */
export function temporaryFolder(): (...parts: string[]) => string {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vitamin-cli-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });
  return (...parts) => join(folder, ...parts);
}

const image: ViTaminConfig = { widths: [8, 16, 64], depths: [1, 1, 2], heads: 2, embedDim: 32, positions: true };
const text: TextTowerConfig = { width: 64, heads: 2, layers: 1, embedDim: 32, vocabulary: 49408, context: 77 };

/** Writes a whole small model of 32-pixel pictures with random weights, as open_clip lays it out. Equal seeds make equal weights. */
export async function writeTinyModel(folder: string, seed = 7): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writeSafetensors(join(folder, 'open_clip_model.safetensors'), tinyWeights(seed), { license: 'apache-2.0' });
  return folder;
}

/** The classes of the small detector; the first two were seen in its training. */
export const tinyClasses = ['cat', 'dog', 'red umbrella', 'bus', 'tree'];

/** Writes a detector on the tower of the small model, with random weights, as mmcv lays it out. It reads pictures at 64 pixels and finds a lot. */
export async function writeTinyDetector(path: string, { masks = false }: { readonly masks?: boolean } = {}): Promise<string> {
  const classes = tinyClasses.length;
  const config = { channels: [8, 16, 64, 64], width: 8, hidden: 16, embedDim: 32, classes, rpnNorm: masks, masks } as const;
  const random = generator(11);
  const tensors = new Map<string, Tensor>();
  for (const [name, tensorOf] of tinyWeights()) if (name.startsWith('visual.')) tensors.set(`backbone.${name}`, tensorOf);
  for (const [name, shape] of declaredHeads(config)) tensors.set(name, randomWeight(name, shape, random));
  tensors.set('roi_head.bbox_head.detect_temperature', tensor('float32', [], new Float32Array([25])));
  const settings = { size: 64, window: 32, stride: 16, proposals: 100, score: 0.05, max: 20 };
  await saveDetector(path, tensors, { classes: tinyClasses, base: tinyClasses.slice(0, 2), settings });
  return path;
}

/** Writes both decoders of a segmenter for the tower of the small model, with random weights, trained on these classes. It reads pictures at 64 pixels. */
export async function writeTinySegmenter(path: string, classes: readonly string[], things: readonly boolean[]): Promise<string> {
  const sizes = { width: 32, heads: 4, encoderLayers: 1, encoderHidden: 32, decoderLayers: 3, decoderHidden: 32, queries: 10 };
  const config = { ...sizes, channels: [8, 16, 64], embedDim: 32, canvas: { width: 64, height: 64 } } as const;
  const random = generator(5);
  const tensors = new Map<string, Tensor>();
  for (const [name, shape] of declaredMaskHeads(config)) {
    const learned = /^global_pos_embed|query_|level_embed|void_/u.test(name);
    const { data } = randomWeight(name, shape, random);
    tensors.set(name, tensor('float32', shape, learned ? data.map((value) => 20 * value) : data)); // queries that differ
  }
  tensors.set('sem_seg_head.predictor.logit_scale', tensor('float32', [], Float32Array.of(Math.log(20))));
  const labels = classes.map((name) => ({ name, synonyms: [name] }));
  await saveSegmenter(path, tensors, { classes: labels, things, settings: { window: 32, stride: 16, overlap: 0.2 } });
  return path;
}

function tinyWeights(seed = 7): Map<string, Tensor> {
  const graph = new Graph('shapes');
  const parameters = new Parameters(graph);
  const visual = parameters.root.at('visual');
  const { blocks } = vitaminTrunk(visual.at('trunk'), graph.input('image', 'float32', [1, 3, 32, 32]), image);
  pooledHead(visual, blocks.at(-1)!, image.embedDim);
  textTower(parameters.root.at('text'), graph.input('ids', 'int32', [1, 77]), graph.input('ends', 'int32', [1]), text);
  const random = generator(seed);
  const weights = new Map<string, Tensor>([['logit_scale', tensor('float32', [], new Float32Array([Math.log(50)]))]]);
  for (const [name, shape] of parameters.declared) weights.set(name, randomWeight(name, shape, random));
  return weights;
}

/** A norm's scales near 1, everything else near 0. */
export function randomWeight(name: string, shape: readonly number[], random: () => number): Tensor<'float32'> {
  const norm = shape.length === 1 && !name.endsWith('bias') && !name.endsWith('running_mean') ? 1 : 0;
  const scale = shape.length < 2 ? 0.1 : Math.sqrt(3 / Math.max(sizeOf(shape.slice(1)), 1));
  return tensor(
    'float32',
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => norm + scale * (2 * random() - 1)),
  );
}

/** Writes a PNG of colored noise blocks. */
export async function writePicture(path: string, width: number, height: number, seed = 1): Promise<string> {
  const random = generator(seed);
  const blocks = Array.from({ length: 3 * 64 }, () => Math.floor(random() * 256));
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    const cell = Math.floor(((pixel % width) * 8) / width) + 8 * Math.floor((Math.floor(pixel / width) * 8) / height);
    return blocks[cell * 3 + (i % 3)]!;
  });
  await writeFileAtomic(path, await encodePng({ width, height, data }));
  return path;
}

/** Writes a file that says it is a picture and is none. */
export async function writeBrokenPicture(path: string): Promise<string> {
  await writeFile(path, 'not a picture');
  return path;
}

/** mulberry32: the same numbers from 0 to 1 for the same seed. */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
