import { type Label, segmentEncoding } from '@vitamin-vlm/backbone';
import { openCheckpoint } from '@vitamin-vlm/checkpoint';
import { VitaminError, type WorkOptions } from '@vitamin-vlm/core';
import type { Segmented, Segmenter, SegmentTask } from '@vitamin-vlm/fcclip-segmentation';
import type { Picture } from '@vitamin-vlm/image';
import type { Context } from '../command.ts';
import type { maskFlags, encodingFlags, modelFlags, segmenterFlags, segmentWordFlags, wordFlags } from '../flags.ts';
import { asPicture, checkSamePicture, describeModel, loadModel, readEncoding } from '../model.ts';
import { checkPrecision, describeSegmenter, loadSegmenter, readSegmentEncoding, refuseFlags } from '../segmenter.ts';
import { readPrompts } from '../words.ts';
import { readSegmentWords } from './segment-words.ts';

/** The flags that say how pictures are cut into parts. */
export type SegmentFlags = typeof modelFlags &
  typeof segmenterFlags &
  Pick<typeof wordFlags, 'labels' | 'label' | 'labelsFile'> &
  typeof segmentWordFlags &
  typeof maskFlags &
  typeof encodingFlags & {
    readonly task: { readonly kind: 'choice'; readonly choices: readonly SegmentTask[]; readonly value: string; readonly help: string };
    readonly threshold: { readonly kind: 'fraction'; readonly value: string; readonly help: string };
    readonly size: { readonly kind: 'whole'; readonly value: string; readonly help: string };
    readonly trainingFree: { readonly kind: 'switch'; readonly help: string };
  };

/** A way to say what is where in a picture: a segmenter, or the tower of a CLIP model alone, which was not trained for it. */
export interface PictureSegmenter extends AsyncDisposable {
  readonly method: 'fcclip' | 'training-free';
  readonly task: SegmentTask;
  /** What a result says about the model. */
  readonly model: { readonly name: string };
  readonly labels: readonly Label[];
  /** For each label whether it is a thing; absent where nobody asks. */
  readonly things?: readonly boolean[];
  /** Without a picture it asks the encoding that the flags name. */
  readonly segment: (picture: Picture | undefined, options: WorkOptions) => Promise<Segmented>;
}

/**
 * What the flags name: the segmenter of the model, or its tower alone where it has none, where the flags say so, and where the encoding is of a tower.
 *
 * @throws VitaminError as `loadSegmenter`, `loadModel` and `readSegmentWords`; `USAGE` for flags that do not go together.
 */
export async function openPictureSegmenter(context: Context<SegmentFlags>): Promise<PictureSegmenter> {
  const { encoding, trainingFree, model } = context.flags;
  if (trainingFree) return await openTower(context, '--training-free uses the tower alone');
  if (encoding !== undefined && (await isOfTower(encoding)))
    return await openTower(context, `${encoding} holds what a tower alone has found`);
  const segmenter = await loadSegmenter(context).catch((error: unknown) => {
    if (error instanceof VitaminError && error.code === 'MODEL_UNKNOWN') return undefined;
    throw error;
  });
  if (segmenter) return await openSegmenter(context, segmenter);
  return await openTower(context, `${model} is a tower alone`);
}

/** Whether `vitamin encode` made the file for classify and segment. What else is wrong with it is told when it is read. */
async function isOfTower(path: string): Promise<boolean> {
  await using file = await asPicture(openCheckpoint(path), 'vitamin encode --for segment');
  return String(file.metadata['schema']).startsWith('vitamin.image-encoding/');
}

async function openSegmenter(context: Context<SegmentFlags>, segmenter: Segmenter): Promise<PictureSegmenter> {
  const { flags, progress, signal } = context;
  try {
    checkPrecision(flags.precision);
    refuseFlags(context, ['size'], 'a segmenter has a size of its own');
    const words = await readSegmentWords(flags);
    const listed = words?.things && words.labels.filter((_, i) => words.things![i]).map(({ name }) => name);
    const { stuff, seen, tier, window, stride, shortest, longest, alpha, beta, score, overlap, max, threshold, task = 'panoptic' } = flags;
    const things = flags.things ?? listed;
    const prompts = await readPrompts(flags.templates ?? 'fcclip');
    const asking = { things, stuff, seen, prompts, signal, onProgress: progress.reporter('words') };
    const vocabulary = await segmenter.vocabulary(words?.labels, asking);
    const answering = { task, tier, window, stride, shortest, longest, alpha, beta, overlap, max, threshold, score: score ?? threshold };
    const kept = flags.encoding;
    return {
      method: 'fcclip',
      task,
      model: describeSegmenter(segmenter),
      labels: vocabulary.labels,
      things: vocabulary.things,
      segment: async (picture, options) => {
        const source = kept === undefined ? picture! : await readSegmentEncoding(kept, picture);
        const found = await segmenter.segment(source, vocabulary, { ...answering, ...options });
        const { instances } = found;
        return instances ? { ...found, instances: instances.filter((one) => one.score >= (threshold ?? 0)) } : found;
      },
      [Symbol.asyncDispose]: async () => await segmenter.close(),
    };
  } catch (error) {
    await segmenter.close();
    throw error;
  }
}

/** Flags that only a segmenter understands. */
const SEGMENTERS_OWN = [
  'tier',
  'shortest',
  'longest',
  'posEmbed',
  'tower',
  'things',
  'stuff',
  'seen',
  'alpha',
  'beta',
  'score',
  'overlap',
  'max',
] as const;

async function openTower(context: Context<SegmentFlags>, reason: string): Promise<PictureSegmenter> {
  const { flags, progress, signal } = context;
  refuseFlags(context, SEGMENTERS_OWN, reason);
  const { task = 'semantic', size, window, stride, threshold = 0 } = flags;
  if (task !== 'semantic') {
    throw new VitaminError('USAGE', `Expected --task semantic but received ${task}: ${reason}`, {
      hint: 'Things are told apart by a segmenter: a model with an FC-CLIP head, such as nano.',
    });
  }
  const words = await readSegmentWords(flags);
  if (!words) {
    throw new VitaminError('USAGE', `Expected --labels, --labels-file or --vocabulary but received none of them: ${reason}`, {
      hint: 'Only a segmenter knows classes of its own.',
    });
  }
  const backbone = await loadModel(context);
  try {
    const prompts = await readPrompts(flags.templates ?? 'simple');
    const vocabulary = await backbone.vocabulary(words.labels, { prompts, signal, onProgress: progress.reporter('words') });
    const { labels } = vocabulary;
    const kept = flags.encoding;
    return {
      method: 'training-free',
      task,
      model: describeModel(backbone),
      labels,
      segment: async (picture, options) => {
        if (kept === undefined) {
          const map = await backbone.segment(picture!, vocabulary, { ...options, size, window, stride, threshold });
          return { width: map.width, height: map.height, labels, semantic: map };
        }
        const encoding = await readEncoding(kept, backbone);
        checkSamePicture(picture, encoding.geometry);
        const map = await segmentEncoding(encoding, vocabulary, { ...options, threshold });
        return { width: map.width, height: map.height, labels, semantic: map };
      },
      [Symbol.asyncDispose]: async () => await backbone.close(),
    };
  } catch (error) {
    await backbone.close();
    throw error;
  }
}
