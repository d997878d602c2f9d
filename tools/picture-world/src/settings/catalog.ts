import { kinds } from '../kinds/catalog.ts';
import { Random } from '../random.ts';
import { indoorSettings } from './indoors.ts';
import { natureSettings } from './nature.ts';
import type { SettingMaker } from './setting.ts';
import { townSettings } from './town.ts';

/** All settings. */
export const settings: readonly SettingMaker[] = [...natureSettings, ...townSettings, ...indoorSettings];

/** The settings in which each kind may stand. A setting's kinds are the same in all its variants, so any one variant tells them. */
export const settingsOf: ReadonlyMap<string, readonly SettingMaker[]> = (() => {
  const found = new Map<string, SettingMaker[]>(kinds.map((kind) => [kind.name, []]));
  for (const maker of settings) {
    const names = new Set(maker(new Random(0, 'train', 'scene')).zones.flatMap((zone) => zone.kinds));
    for (const name of names) found.get(name)!.push(maker);
  }
  return found;
})();
