import { join } from 'node:path';
import { openModel, type OpenedModel } from '@vitamin-vlm/backbone';
import { type Tensor, tensor } from '@vitamin-vlm/core';
import { openProjector, preparePicture, TokenMaker, tokenWidth } from '@vitamin-vlm/llava-bridge';
import type { GoldenChecker, GoldenContext } from '../golden/checker.ts';
import type { Golden } from '../golden/golden.ts';
import { bytesOf, formulaPicture, sha256 } from './picture.ts';
import { compareLabels, compareMerge, compareSchedule } from './labels.ts';
import { clipPixels, compareClip, compareClipRun } from './clip.ts';
import { compareRun, openRun, promptIds } from './runs.ts';
import { compareTextOnly } from './text-only.ts';
import { compareTraining } from './training.ts';
import { writeClipTower, writeProjector, writeTower } from './weights.ts';

/** Side of the square that the smallest tower sees. */
const SIZE = 64;

/** LLaVA at a tiny size, from pictures to answers. */
export const llavaNano: GoldenChecker = async (golden, context) => {
  const prefix = golden.at('namePrefix').takeText();
  const pixels = new Map<string, Tensor<'float32'>>();
  for (const name of golden.at('images').keys()) pixels.set(name, await comparePicture(golden.at('images', name)));
  const path = join(context.folder, 'tower.pth');
  await writeTower(path, prefix);
  const tower = await openModel(path, { cacheDir: join(context.folder, 'cache') });
  await compareTower(golden.at('tower'), tower, [...pixels.values()], prefix, context);
  await compareClips(golden, prefix, context);
  for (const name of golden.at('run').keys()) await compareRun(golden.at('run', name), name, { tower, pixels, prefix }, context);
  for (const name of golden.at('llamaTextOnly').keys()) {
    await compareTextOnly(golden.at('llamaTextOnly', name), golden.at('run', name, 'config'), prefix, name, context);
  }
  const samples = compareLabels(golden.at('labels'));
  const { features, tokens } = await mergeInputs(golden, tower, pixels, prefix, context);
  const { decoder, sessions } = await openRun('A', context);
  await using _ = sessions;
  await compareMerge(golden.at('merge'), samples, tokens, (ids) => decoder.embed(ids));
  compareSchedule(golden.at('schedule'));
  const session = { threads: context.threads, cacheDir: join(context.folder, 'cache') };
  await compareTraining(golden.at('train'), golden.at('run'), { samples, features, prefix }, session);
};

/** CLIP's tower, alone and under a language model. Shapes come from the names that the file lists. */
async function compareClips(golden: Golden, prefix: string, context: GoldenContext): Promise<void> {
  const pixels = await clipPixels(golden.at('images'));
  for (const name of golden.at('run').keys()) {
    const run = golden.at('run', name);
    if (!run.has('clipTower')) continue;
    const path = join(context.folder, 'clip.bin');
    await writeClipTower(path, run.at('clipTower', 'hfTensorNames').value as Record<string, readonly number[]>, prefix);
    const tower = await openModel(path, { cacheDir: join(context.folder, 'cache') });
    if (golden.at('tower').has('clipNano.pixels')) await compareClip(golden.at('tower'), pixels, tower, context);
    await compareClipRun(
      run.at('clipTower'),
      run,
      pixels[0]!,
      promptIds(run, name, run.at('config', 'vocab_size').takeNumber()),
      prefix,
      context,
    );
  }
}

/** Features and tokens of the pictures, and of one that is zero all over. */
async function mergeInputs(
  golden: Golden,
  tower: OpenedModel,
  pixels: ReadonlyMap<string, Tensor<'float32'>>,
  prefix: string,
  { folder }: GoldenContext,
): Promise<{ features: Map<string, Tensor<'float32'>>; tokens: Tensor<'float32'>[] }> {
  const path = join(folder, 'merge.bin');
  const hidden = golden.at('run', 'A', 'config', 'hidden_size').takeNumber();
  await writeProjector(path, 'mlp2x_gelu', [tokenWidth(tower), hidden], prefix);
  await using maker = new TokenMaker(tower, await openProjector(path, { cacheDir: join(folder, 'cache') }));
  const features = new Map<string, Tensor<'float32'>>();
  const tokens: Tensor<'float32'>[] = [];
  for (const [name, { data }] of [...pixels, ['zeros', tensor('float32', [3, SIZE, SIZE])] as const]) {
    const made = await maker.project(tensor('float32', [1, 3, SIZE, SIZE], data));
    features.set(name, asRows(made.features));
    if (name !== 'zeros') tokens.push(made.tokens);
  }
  return { features, tokens };
}

async function comparePicture(golden: Golden): Promise<Tensor<'float32'>> {
  const picture = formulaPicture(golden.at('generator').takeText(), golden.at('width').takeNumber(), golden.at('height').takeNumber());
  golden.at('u8Sha256').equal(sha256(picture.data));
  const pixels = await preparePicture(picture, SIZE, 'pad');
  golden.at('pixelsF32Sha256').equal(sha256(bytesOf(pixels.data)));
  golden.at('pixels').tensor(pixels);
  return pixels;
}

/** Features at three layers, and the projectors on them. */
async function compareTower(
  golden: Golden,
  tower: OpenedModel,
  pictures: readonly Tensor<'float32'>[],
  prefix: string,
  { folder }: GoldenContext,
): Promise<void> {
  const width = tokenWidth(tower);
  const cacheDir = join(folder, 'cache');
  const run = async (
    type: string,
    layer: number,
    inputs: readonly Tensor<'float32'>[],
  ): Promise<Record<'features' | 'tokens', Tensor<'float32'>>> => {
    const path = join(folder, `${type}.bin`);
    await writeProjector(path, type, [width, width], prefix);
    await using maker = new TokenMaker(tower, await openProjector(path, { cacheDir }), { layer });
    const results: Awaited<ReturnType<TokenMaker['project']>>[] = [];
    for (const { shape, data } of inputs) results.push(await maker.project(tensor('float32', [1, ...shape], data)));
    return { features: stacked(results.map(({ features }) => asRows(features))), tokens: stacked(results.map(({ tokens }) => tokens)) };
  };
  for (const layer of [-1, -2, -3]) {
    const { features, tokens } = await run('mlp2x_gelu', layer, pictures);
    golden.at(`vitaminNano.select${layer}`).tensor(features);
    golden.at(`vitaminNano.select${layer}.projected`).tensor(tokens);
  }
  golden.at('linearProjector.select-2').tensor((await run('linear', -2, pictures.slice(0, 1))).tokens);
  golden.at('mlp3xProjector.select-2').tensor((await run('mlp3x_gelu', -2, pictures.slice(0, 1))).tokens);
}

/** [1, C, h, w] -> [h·w, C] */
function asRows({ shape, data }: Tensor<'float32'>): Tensor<'float32'> {
  const [, channels = 0, height = 0, width = 0] = shape;
  const cells = height * width;
  return tensor(
    'float32',
    [cells, channels],
    data.map((_, i) => data[(i % channels) * cells + Math.floor(i / channels)]!),
  );
}

/** [N, …] of N tensors. */
function stacked(parts: readonly Tensor<'float32'>[]): Tensor<'float32'> {
  const out = tensor('float32', [parts.length, ...parts[0]!.shape]);
  parts.forEach(({ data }, i) => out.data.set(data, i * data.length));
  return out;
}
