import { expect, it } from 'vitest';
import { baseKinds, kinds, novelKinds, stuffKinds } from '../src/index.ts';
import { settings, settingsOf } from '../src/settings/catalog.ts';
import { Random } from '../src/random.ts';
import { stuff, stuffNamed } from '../src/stuff/catalog.ts';

// The split of OVR-CNN (Bansal et al. 2018) and the category ids of COCO's instances_val2017.
const novel = 'airplane bus cat dog cow elephant umbrella tie snowboard skateboard cup knife cake couch keyboard sink scissors'.split(' ');
const base =
  'person bicycle car motorcycle train truck boat bench bird horse sheep bear zebra giraffe backpack handbag suitcase frisbee skis kite surfboard bottle fork spoon bowl banana apple sandwich orange broccoli carrot pizza donut chair bed toilet tv laptop mouse remote microwave oven toaster refrigerator book clock vase toothbrush'.split(
    ' ',
  );
const cocoNames =
  'person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant,,stop sign,parking meter,bench,bird,cat,dog,horse,sheep,cow,elephant,bear,zebra,giraffe,,backpack,umbrella,,,handbag,tie,suitcase,frisbee,skis,snowboard,sports ball,kite,baseball bat,baseball glove,skateboard,surfboard,tennis racket,bottle,,wine glass,cup,fork,knife,spoon,bowl,banana,apple,sandwich,orange,broccoli,carrot,hot dog,pizza,donut,cake,chair,couch,potted plant,bed,,dining table,,,toilet,,tv,laptop,mouse,remote,keyboard,cell phone,microwave,oven,toaster,sink,refrigerator,,book,clock,vase,scissors,teddy bear,hair drier,toothbrush'.split(
    ',',
  );

it('has the 48 base and 17 novel classes of OV-COCO', () => {
  expect([...novelKinds].toSorted()).toEqual(novel.toSorted());
  expect([...baseKinds].toSorted()).toEqual(base.toSorted());
  expect(kinds).toHaveLength(65);
});

it('gives every kind its COCO id, in the order of the ids', () => {
  expect(cocoNames).toHaveLength(90);
  for (const kind of kinds) expect(cocoNames[kind.id - 1]).toBe(kind.name);
  expect(kinds.map((kind) => kind.id)).toEqual(kinds.map((kind) => kind.id).toSorted((a, b) => a - b));
});

it('has stuff with ids of COCO panoptic that no two kinds share', () => {
  expect(stuffKinds.length).toBeGreaterThanOrEqual(10);
  const ids = stuffKinds.map((name) => stuffNamed(name).id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { id } of stuff) expect(id >= 92 && id <= 200).toBe(true);
});

it('places every kind in some setting, and every setting on known stuff', () => {
  expect(kinds.filter((kind) => settingsOf.get(kind.name)!.length === 0)).toEqual([]);
  for (const maker of settings) {
    const expected = new Set(maker(new Random(0, 'train', 'scene')).zones.flatMap((zone) => zone.kinds));
    for (let seed = 0; seed < 20; seed++) {
      const made = maker(new Random(seed, 'train', 'scene'));
      for (const layer of made.layers) expect(stuffNamed(layer.stuff)?.name).toBe(layer.stuff);
      for (const zone of made.zones) expect(made.layers.map((layer) => layer.stuff)).toContain(zone.on);
      // `settingsOf` relies on this: all variants of a setting hold the same kinds.
      expect(new Set(made.zones.flatMap((zone) => zone.kinds))).toEqual(expected);
    }
  }
});
