import { floatToHalf, type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';
import { encodePng } from '@vitamin-vlm/image';
import type { OpenedProjector } from '../load/open-projector.ts';
import { readWeight } from './read-weight.ts';
import { type GgufTensor, type GgufValue, writeGguf } from './write-gguf.ts';

/** What a picture carries: the tower's features, with the projector in the file, or tokens that have been projected. */
export type Carried = 'features' | 'tokens';

/** How a codec is made. */
export interface CodecOptions {
  /** Tokens of a picture by height and width. They must be square: readers of the format know one image size. */
  readonly grid: { readonly height: number; readonly width: number };
  /** Numbers from -range to range can be carried. A power of two; default 64 for features, 16 for tokens. */
  readonly range?: number | undefined;
  /** Default: features where the projector is `mlp2x_gelu`, which is all that the file can hold, else tokens. */
  readonly carry?: Carried | undefined;
  /** What the projector is kept in. float16 is half as large; llama.cpp then rounds what it multiplies with, too. Default float32. */
  readonly precision?: 'float32' | 'float16' | undefined;
}

const RANGES: Readonly<Record<Carried, number>> = { features: 64, tokens: 16 };
/** A number takes two bytes, a patch has three for each of its pixels. */
const [BYTES, CHANNELS] = [2, 3];
const LEVELS = 2 ** 16;
/** From here on llama.cpp's GELU gives back what it gets. */
const LINEAR = 10;

/**
 * Visual tokens for any program that is built on llama.cpp, without a patch: a multimodal projector file (GGUF, "mmproj") whose patch convolution reads 16-bit
 * numbers out of the bytes of a picture, has no transformer blocks, and ends in the LLaVA projector; and lossless pictures that hold the numbers.
 *
 * A number v is the integer round(v / step) + 32768, high byte first, with step = range / 32768: the error is at most step / 2. The bytes of a token fill a patch
 * channel by channel, then row by row.
 *
 * @example
 * ```ts
 * import { tensor } from '@vitamin-vlm/core';
 * import { identityProjector, TokenCodec } from '@vitamin-vlm/llava-bridge';
 * const codec = new TokenCodec(identityProjector(64), { grid: { height: 2, width: 2 } });
 * await codec.write('mmproj.gguf');
 * console.log(codec.side, (await codec.picture(tensor('float32', [4, 64]))).length); // 14, bytes of a PNG
 * ```
 */
export class TokenCodec {
  readonly projector: OpenedProjector;
  readonly carry: Carried;
  readonly range: number;
  /** Numbers of a token. */
  readonly width: number;
  /** Side of a patch in pixels. */
  readonly patch: number;
  /** Side of the picture in pixels. It must reach the reader in this size, and never as JPEG. */
  readonly side: number;
  readonly #tokens: number;
  readonly #columns: number;
  readonly #precision: 'float32' | 'float16';

  /** @throws VitaminError `UNSUPPORTED` for a grid that is not square, or a projector that the file cannot hold; `USAGE` for a range that is no power of two. */
  constructor(projector: OpenedProjector, { grid, range, carry, precision = 'float32' }: CodecOptions) {
    const { type, input, output } = projector.config;
    const holds = type === 'mlp2x_gelu';
    this.projector = projector;
    this.carry = carry ?? (holds ? 'features' : 'tokens');
    if (this.carry === 'features' && !holds) {
      throw new VitaminError('UNSUPPORTED', `Expected a projector mlp2x_gelu in the file but found ${type}`, {
        hint: 'Carry tokens instead of features.',
      });
    }
    if (grid.height !== grid.width) {
      throw new VitaminError('UNSUPPORTED', `Expected a square grid of tokens but found ${grid.height}x${grid.width}`);
    }
    this.range = range ?? RANGES[this.carry];
    if (!(this.range > 0) || !Number.isInteger(Math.log2(this.range)) || this.range > LEVELS / 2 || this.range < 2 ** -8) {
      throw new VitaminError('USAGE', `Expected a range that is a power of two from 1/256 to ${LEVELS / 2} but received ${range}`);
    }
    this.width = this.carry === 'features' ? input : output;
    this.patch = Math.ceil(Math.sqrt((BYTES * this.width) / CHANNELS));
    this.side = this.patch * grid.width;
    this.#tokens = grid.height * grid.width;
    this.#columns = grid.width;
    this.#precision = precision;
  }

  /**
   * The picture of one picture's numbers.
   *
   * @param values - [tokens, width], row by row of the grid.
   * @returns A PNG of `side` x `side` pixels.
   * @throws VitaminError `USAGE` for another shape; `RUNTIME` for a number that is not finite or outside of the range.
   */
  async picture(values: Tensor<'float32'>): Promise<Buffer> {
    const { width, patch, side, range } = this;
    const [tokens, numbers] = values.shape;
    if (values.shape.length !== 2 || tokens !== this.#tokens || numbers !== width) {
      throw new VitaminError('USAGE', `Expected ${this.carry} [${this.#tokens}, ${width}] but received [${values.shape.join(', ')}]`);
    }
    const step = range / (LEVELS / 2);
    const data = new Uint8Array(side * side * CHANNELS);
    // Where the byte i of a patch lies, from the patch's first pixel on: channel, row, column.
    const places = Int32Array.from({ length: width * BYTES }, (_, i) => {
      const [channel, row, column] = [Math.floor(i / patch ** 2), Math.floor((i % patch ** 2) / patch), i % patch];
      return (row * side + column) * CHANNELS + channel;
    });
    for (let token = 0; token < tokens; token++) {
      const start = (Math.floor(token / this.#columns) * side + (token % this.#columns)) * patch * CHANNELS;
      for (let i = 0; i < width; i++) {
        const value = values.data[token * width + i]!;
        const level = Math.round(value / step) + LEVELS / 2;
        if (!(level >= 0 && level <= LEVELS)) throw outside(value, token, i, range);
        const kept = Math.min(level, LEVELS - 1);
        data[start + places[i * BYTES]!] = kept >> 8;
        data[start + places[i * BYTES + 1]!] = kept & 0xff;
      }
    }
    return Buffer.from(await encodePng({ width: side, height: side, data }));
  }

  /** Writes the file that llama.cpp loads beside the language model (`--mmproj`): once for all pictures. @throws VitaminError as `writeGguf`. */
  async write(path: string): Promise<void> {
    const { width, patch, side, range, projector, carry } = this;
    const output = projector.config.output;
    const hidden = carry === 'features' ? output : width;
    const header: Record<string, GgufValue> = {
      'general.architecture': 'clip',
      'general.name': `visual tokens, ${carry}`,
      'general.file_type': { uint32: this.#precision === 'float32' ? 0 : 1 },
      'clip.has_vision_encoder': true,
      'clip.has_text_encoder': false,
      'clip.has_llava_projector': true,
      'clip.projector_type': 'mlp',
      'clip.use_gelu': true,
      'clip.vision.image_size': { uint32: side },
      'clip.vision.patch_size': { uint32: patch },
      'clip.vision.embedding_length': { uint32: width },
      'clip.vision.feed_forward_length': { uint32: hidden },
      'clip.vision.projection_dim': { uint32: output },
      'clip.vision.block_count': { uint32: 0 },
      'clip.vision.attention.head_count': { uint32: 1 },
      'clip.vision.attention.layer_norm_epsilon': { float32: 1e-5 },
      'clip.vision.image_mean': { float32s: [0, 0, 0] },
      // A byte divided by 255 and by this is the byte again.
      'clip.vision.image_std': { float32s: [1 / 255, 1 / 255, 1 / 255] },
      'vitamin.carry': carry,
      'vitamin.range': { float32: range },
      'vitamin.projector': projector.identity,
    };
    const step = range / (LEVELS / 2);
    await writeGguf(path, header, [
      // [width, 3, patch, patch]: number d is 256 * step times byte 2d plus step times byte 2d + 1.
      float('v.patch_embd.weight', [width, CHANNELS, patch, patch], (data) => {
        const bytes = CHANNELS * patch ** 2;
        for (let d = 0; d < width; d++) {
          data[d * bytes + BYTES * d] = 256 * step;
          data[d * bytes + BYTES * d + 1] = step;
        }
      }),
      float('v.position_embd.weight', [this.#tokens, width], (data) => data.fill(-range)),
      ...(carry === 'features' ? this.#projectorTensors() : passThrough(width, range)),
    ]);
  }

  #projectorTensors(): GgufTensor[] {
    const { weights, config } = this.projector;
    return [0, 2].flatMap((layer) =>
      (['weight', 'bias'] as const).map((kind): GgufTensor => {
        const name = `${layer}.${kind}`;
        const shape = kind === 'bias' ? [config.output] : [config.output, layer === 0 ? config.input : config.output];
        const dtype = kind === 'bias' ? 'float32' : this.#precision;
        const data = async (): Promise<Tensor> => {
          const values = await readWeight(weights.get(name)!);
          return dtype === 'float32' ? values : tensor(dtype, shape, Uint16Array.from(values.data, floatToHalf));
        };
        return { name: `mm.${name}`, shape, dtype, data };
      }),
    );
  }
}

/** Two layers that change nothing: everything is lifted to where GELU gives back what it gets, and let down again. */
function passThrough(width: number, range: number): GgufTensor[] {
  const lift = range + LINEAR;
  return [0, 2].flatMap((layer) => [
    float(`mm.${layer}.weight`, [width, width], (data) => {
      for (let i = 0; i < width; i++) data[i * width + i] = 1;
    }),
    float(`mm.${layer}.bias`, [width], (data) => data.fill(layer === 0 ? lift : -lift)),
  ]);
}

function float(name: string, shape: readonly number[], fill: (data: Float32Array) => void): GgufTensor {
  const data = (): Tensor => {
    const made = tensor('float32', shape);
    fill(made.data);
    return made;
  };
  return { name, shape, dtype: 'float32', data };
}

function outside(value: number, token: number, place: number, range: number): VitaminError {
  return new VitaminError('RUNTIME', `Expected numbers from -${range} to ${range} but found ${value} at token ${token}, number ${place}`, {
    hint: `Make the codec and its pictures with a range of ${Number.isFinite(value) ? 2 ** Math.ceil(Math.log2(Math.abs(value) + 1)) : 'what is finite'}.`,
  });
}
