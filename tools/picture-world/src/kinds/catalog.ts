import { animals } from './animals.ts';
import { carried } from './carried.ts';
import { food } from './food.ts';
import { furniture } from './furniture.ts';
import { household } from './household.ts';
import type { Drawing, Family } from './kind.ts';
import { people } from './people.ts';
import { sports } from './sports.ts';
import { tableware } from './tableware.ts';
import { vehicles } from './vehicles.ts';

/** One kind of thing: its COCO category and its drawing. */
export interface Kind extends Drawing {
  /** COCO category name. */
  readonly name: string;
  /** COCO category id, 1 to 90. */
  readonly id: number;
  /** COCO supercategory. */
  readonly supercategory: string;
  /** True for the 17 classes that OV-COCO keeps from the detector in training. */
  readonly novel: boolean;
}

const drawings: Family = { ...people, ...vehicles, ...animals, ...carried, ...sports, ...food, ...tableware, ...furniture, ...household };

/** Supercategory, then id and name of each category; * marks novel. The 65 of OV-COCO (OVR-CNN, split of Bansal et al. 2018). */
const table = `
person: 1 person
vehicle: 2 bicycle, 3 car, 4 motorcycle, 5 airplane*, 6 bus*, 7 train, 8 truck, 9 boat
outdoor: 15 bench
animal: 16 bird, 17 cat*, 18 dog*, 19 horse, 20 sheep, 21 cow*, 22 elephant*, 23 bear, 24 zebra, 25 giraffe
accessory: 27 backpack, 28 umbrella*, 31 handbag, 32 tie*, 33 suitcase
sports: 34 frisbee, 35 skis, 36 snowboard*, 38 kite, 41 skateboard*, 42 surfboard
kitchen: 44 bottle, 47 cup*, 48 fork, 49 knife*, 50 spoon, 51 bowl
food: 52 banana, 53 apple, 54 sandwich, 55 orange, 56 broccoli, 57 carrot, 59 pizza, 60 donut, 61 cake*
furniture: 62 chair, 63 couch*, 65 bed, 70 toilet
electronic: 72 tv, 73 laptop, 74 mouse, 75 remote, 76 keyboard*
appliance: 78 microwave, 79 oven, 80 toaster, 81 sink*, 82 refrigerator
indoor: 84 book, 85 clock, 86 vase, 87 scissors*, 90 toothbrush
`;

function readTable(): Kind[] {
  const list: Kind[] = [];
  for (const line of table.trim().split('\n')) {
    const [supercategory, members] = line.split(': ') as [string, string];
    for (const member of members.split(', ')) {
      const space = member.indexOf(' ');
      const name = member.slice(space + 1).replace('*', '');
      list.push({ name, id: Number(member.slice(0, space)), supercategory, novel: member.endsWith('*'), ...drawings[name]! });
    }
  }
  return list;
}

/** The 65 kinds in the order of their COCO ids. */
export const kinds: readonly Kind[] = readTable();
const byName = new Map(kinds.map((kind) => [kind.name, kind]));

/** The kind of a name, or undefined. */
export function kindNamed(name: string): Kind | undefined {
  return byName.get(name);
}
/** Names of the 48 kinds that an open-vocabulary detector is trained on. */
export const baseKinds: readonly string[] = kinds.filter((kind) => !kind.novel).map((kind) => kind.name);
/** Names of the 17 kinds that it must find by their names alone. */
export const novelKinds: readonly string[] = kinds.filter((kind) => kind.novel).map((kind) => kind.name);
