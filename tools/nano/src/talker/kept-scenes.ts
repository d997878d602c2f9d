import { appendFile, type FileHandle, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Backbone } from '@vitamin-vlm/backbone';
import { floatToHalf, halfToFloat, tensor } from '@vitamin-vlm/core';
import { facts, tokens } from './cell-truth.ts';
import * as plan from './plan.ts';
import type { TrainingScene } from './scenes.ts';
import type { SceneTexts } from './turns.ts';

const CHANNELS = plan.projector.input / plan.grid.merge ** 2;
const FEATURES = plan.cells.height * plan.cells.width * CHANNELS;
const RECORD = 2 * FEATURES + tokens * facts;

/** A scene as the tower sees it, and what is true of it. */
export interface KeptScene {
  readonly texts: SceneTexts;
  /** [tokens, facts] */
  readonly truth: Uint8Array;
  /** [cells, channels], in half precision. */
  readonly features: Uint16Array;
}

/** Features of a scene as numbers. */
export function writeFeatures({ features }: KeptScene, target: Float32Array): void {
  for (let i = 0; i < target.length; i++) target[i] = halfToFloat(features[i]!);
}

/** Scenes in order: those that the tower has read lie in two files of the folder, the next is read when it is asked for. */
export class KeptScenes implements AsyncDisposable {
  readonly #backbone: Backbone;
  readonly #sceneAt: (number: number) => Promise<TrainingScene>;
  readonly #known: KeptScene[];
  readonly #records: FileHandle;
  readonly #texts: string;

  private constructor(backbone: Backbone, sceneAt: (number: number) => Promise<TrainingScene>, known: KeptScene[], files: Files) {
    this.#backbone = backbone;
    this.#sceneAt = sceneAt;
    this.#known = known;
    this.#records = files.records;
    this.#texts = files.texts;
  }

  /** @param sceneAt - Draws the scene of a number; asked in order. */
  static async open(folder: string, backbone: Backbone, sceneAt: (number: number) => Promise<TrainingScene>): Promise<KeptScenes> {
    const [path, texts] = [join(folder, 'scenes.bin'), join(folder, 'scenes.jsonl')];
    const records = await open(path, 'a+');
    const { size } = await records.stat();
    const lines = (await readFile(texts, { encoding: 'utf8', flag: 'a+' })).split('\n').slice(0, -1);
    const count = Math.min(lines.length, Math.floor(size / RECORD));
    const whole = lines.slice(0, count);
    const known: KeptScene[] = [];
    // One by one: Node reads no file of 2 GiB and more at once.
    for (const [i, line] of whole.entries()) {
      const record = new ArrayBuffer(RECORD);
      await records.read(new Uint8Array(record), 0, RECORD, i * RECORD);
      const [features, truth] = [new Uint16Array(record, 0, FEATURES), new Uint8Array(record, 2 * FEATURES)];
      known.push({ texts: JSON.parse(line) as SceneTexts, features, truth });
    }
    // What a death has cut off is read again.
    await records.truncate(count * RECORD);
    await writeFile(texts, whole.map((line) => `${line}\n`).join(''));
    return new KeptScenes(backbone, sceneAt, known, { records, texts });
  }

  /** How many lie in the files. */
  get count(): number {
    return this.#known.length;
  }

  /** The scene of a number: one of those known, or the next. */
  async at(number: number): Promise<KeptScene> {
    while (this.#known.length <= number) await this.#readNext();
    return this.#known[number]!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#records.close();
  }

  async #readNext(): Promise<void> {
    const { pixels, texts, truth } = await this.#sceneAt(this.#known.length);
    const side = plan.read.imageSize;
    const maps = await this.#backbone.windowMaps(tensor('float32', [1, 3, side, side], pixels.data), {
      window: side,
      stride: side,
      levels: ['final'],
    });
    const { shape, data } = maps['final']!;
    const [channels, count] = [shape[1]!, shape[2]! * shape[3]!];
    const features = new Uint16Array(channels * count);
    for (let c = 0; c < channels; c++) for (let i = 0; i < count; i++) features[i * channels + c] = floatToHalf(data[c * count + i]!);
    await this.#records.appendFile(new Uint8Array(features.buffer));
    await this.#records.appendFile(truth);
    await appendFile(this.#texts, `${JSON.stringify(texts)}\n`);
    this.#known.push({ texts, truth, features });
  }
}

interface Files {
  readonly records: FileHandle;
  readonly texts: string;
}
