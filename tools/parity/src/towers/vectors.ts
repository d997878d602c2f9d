import { publishedModels, resizePositionEmbedding, squareInput } from '@vitamin-vlm/backbone';
import { tensor } from '@vitamin-vlm/core';
import { CLIP_NORMALIZATION, type Picture } from '@vitamin-vlm/image';
import { formulaStream, formulaValues } from '../formula.ts';
import type { Golden } from '../golden/golden.ts';

/** Programs that smooth when they resize a table of positions. */
const ANTIALIASED: readonly string[] = ['open_clip_antialias_bicubic', 'timm_resample_abs_pos_embed_one_prefix_token'];
const GRID = 4;
const WIDTH = 8;

/** A table of positions with a class row, brought to other grids by four programs. */
export function comparePositions(golden: Golden, seedSuffix: string): void {
  const table = formulaValues(`pos.table${seedSuffix}`, [1 + GRID * GRID, WIDTH], 0.2);
  const [classRow, cells] = [table.data.subarray(0, WIDTH), tensor('float32', [GRID * GRID, WIDTH], table.data.slice(WIDTH))];
  for (const grid of golden.keys()) {
    const to = grid.split('x').map(Number) as [number, number];
    for (const program of golden.at(grid).keys()) {
      const resized = resizePositionEmbedding(cells, [GRID, GRID], to, { antialias: ANTIALIASED.includes(program) });
      const out = tensor('float32', [1 + to[0] * to[1], WIDTH]);
      out.data.set(classRow);
      out.data.set(resized.data, WIDTH);
      golden.at(grid, program).tensor(out);
    }
  }
}

/** How open_clip's registry says that pictures are prepared, against the table of published models. */
export function compareRegistry(golden: Golden): void {
  for (const tag of golden.keys()) {
    const own = golden.at(tag);
    const model = publishedModels.find(({ openClip }) => openClip === tag);
    if (!model) {
      own.fail('no such model in the table');
      continue;
    }
    const { normalization = CLIP_NORMALIZATION, resize = 'bicubic', edge = 'shortest' } = model.hints?.preprocessing ?? {};
    own.at('mean').numbers(normalization.mean);
    own.at('std').numbers(normalization.std);
    own.at('interpolation').equal(resize);
    own.at('resizeMode').equal(edge === 'both' ? 'squash' : 'shortest');
    own.at('imageSize').equal(model.imageSize);
    own.at('quickGelu').equal(model.hints?.activation === 'quickGelu');
  }
}

/** One picture through the preparations of several models. */
export async function comparePreparation(golden: Golden, seedSuffix: string): Promise<void> {
  const picture = formulaPicture(golden.at('picture').take() as [string, number, number], seedSuffix);
  golden.at('first12').equal(picture.data.subarray(0, 12));
  for (const name of golden.at('cases').keys()) {
    const own = golden.at('cases', name);
    const [size] = own.at('size').takeNumbers() as [number];
    const edge = own.at('resize_mode').takeText() === 'squash' ? ('both' as const) : ('shortest' as const);
    const resize = own.at('interpolation').takeText() as 'bicubic' | 'bilinear';
    const [mean, std] = [own.at('mean').takeNumbers(), own.at('std').takeNumbers()] as unknown as [Triple, Triple];
    own.at('T').tensor(await squareInput(picture, size, { edge, resize, normalization: { divisor: 255, mean, std } }));
    own.at('steps').equal(['Resize', ...(edge === 'shortest' ? ['CenterCrop'] : []), 'MaybeConvertMode', 'MaybeToTensor', 'Normalize']);
  }
}

type Triple = readonly [number, number, number];

function formulaPicture([name, height, width]: readonly [string, number, number], seedSuffix: string): Picture {
  const next = formulaStream(name + seedSuffix);
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, () => Math.floor((next() + 0.5) * 256)) };
}
