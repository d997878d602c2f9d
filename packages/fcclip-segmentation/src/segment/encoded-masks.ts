import { type SolidMask, solidMask } from '../postprocess/instances.ts';
import { maskAreas } from '../postprocess/mask-areas.ts';
import { MaskReader } from '../postprocess/mask-reader.ts';
import type { SegmentEncoding } from '../encoding/segment-encoding.ts';

/** The masks of an encoding, and what was found out about them that no word can change. */
export class EncodedMasks {
  readonly reader: MaskReader;
  #areas: Float64Array | undefined;
  readonly #solids = new Map<number, SolidMask>();

  constructor({ maskLogits, geometry }: Pick<SegmentEncoding, 'maskLogits' | 'geometry'>) {
    this.reader = new MaskReader(maskLogits, geometry);
  }

  /** See `maskAreas`. */
  async areas(turn: () => Promise<void> | undefined): Promise<Float64Array> {
    this.#areas ??= await maskAreas(this.reader, turn);
    return this.#areas;
  }

  /** See `solidMask`. */
  async solid(query: number, turn: () => Promise<void> | undefined): Promise<SolidMask> {
    const known = this.#solids.get(query);
    if (known) return known;
    const made = await solidMask(this.reader, query, turn);
    this.#solids.set(query, made);
    return made;
  }
}
