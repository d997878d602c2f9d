import type { Random } from '../random.ts';
import type { Light } from '../stuff/brush.ts';

/** Left, top, right, bottom as fractions of the picture. */
export type Fractions = readonly [left: number, top: number, right: number, bottom: number];

/** A piece of stuff in a setting; later layers cover earlier ones. */
export interface Layer {
  readonly stuff: string;
  readonly area: Fractions;
}

/** A place where things may be. */
export interface Zone {
  /** Stuff that the things are on or in front of. */
  readonly on: string;
  /** How a sentence says so, e.g. "on the grass". */
  readonly phrase: string;
  /** `stands`: feet inside `area`, larger when lower; `hangs`: center inside `area` (in the air, on a wall). */
  readonly kind: 'stands' | 'hangs';
  readonly area: Fractions;
  /** Size at the lower edge and at the upper edge, as a fraction of the shorter side for a thing of one metre. */
  readonly near: number;
  readonly far: number;
  /** Chance of this zone against the others. */
  readonly weight: number;
  readonly kinds: readonly string[];
  /** Kinds that come in crowds at the far edge. */
  readonly crowds?: readonly string[];
}

/** Where a scene plays. */
export interface Setting {
  /** How a sentence says where it is, e.g. "at the beach". */
  readonly phrase: string;
  readonly light: Light;
  readonly layers: readonly Layer[];
  readonly zones: readonly Zone[];
}

/** Makes one variant of a setting. */
export type SettingMaker = (random: Random) => Setting;

/** Daylight mostly. */
export function anyLight(random: Random): Light {
  return random.pick(['day', 'day', 'day', 'sunset', 'overcast']);
}

/** The sky zone down to a given horizon. */
export function skyZone(horizon: number, kinds: readonly string[], weight = 1): Zone {
  return { on: 'sky', phrase: 'in the sky', kind: 'hangs', area: [0.12, 0.1, 0.88, horizon - 0.12], near: 0.2, far: 0.15, weight, kinds };
}

/** A zone of things that stand on the ground, drawn smaller towards the horizon. */
export function ground(
  on: string,
  area: Fractions,
  size: readonly [far: number, near: number],
  weight: number,
  kinds: readonly string[],
  crowds?: readonly string[],
): Zone {
  return { on, phrase: `on the ${on}`, kind: 'stands', area, far: size[0], near: size[1], weight, kinds, ...(crowds ? { crowds } : {}) };
}

/** A zone of things that hang on a wall. */
export function hanging(on: string, area: Fractions, size: number, kinds: readonly string[]): Zone {
  return { on, phrase: `on the ${on}`, kind: 'hangs', area, near: size, far: size, weight: 0.6, kinds };
}
