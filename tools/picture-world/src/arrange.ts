import type { Kind } from './kinds/catalog.ts';
import { kindNamed } from './kinds/catalog.ts';
import { boundsOf, dressFor, place, type Placement } from './placement.ts';
import type { Random } from './random.ts';
import type { Setting, Zone } from './settings/setting.ts';

/** A thing of the scene before it is drawn: one placement, or the members of a crowd. */
export interface Group {
  readonly members: readonly Placement[];
  readonly crowd: boolean;
}

/** What arranging needs to know. */
export interface Plan {
  readonly setting: Setting;
  readonly hero: Kind;
  readonly allowed: ReadonlySet<string>;
  readonly width: number;
  readonly height: number;
  readonly things: number;
  readonly random: Random;
}

/** Perceived size grows slower than real size, so that a cup and a bus fit in one world. */
function sizeIn(zone: Zone, kind: Kind, depth: number, shorter: number): number {
  return (zone.far + (zone.near - zone.far) * depth) * kind.meters ** 0.45 * shorter;
}

/** Only one of a kind that is built in. */
function single(kind: Kind): boolean {
  return kind.supercategory === 'appliance' || (kind.supercategory === 'furniture' && kind.name !== 'chair');
}

/** A wall zone is a narrow place for one thing. */
function onWall(zone: Zone): boolean {
  return zone.kind === 'hangs' && zone.on !== 'sky';
}

/** Part of the smaller of two boxes that the other covers. */
function overlap(a: Placement, b: Placement): number {
  const [p, q] = [boundsOf(a, -0.04), boundsOf(b, -0.04)];
  const w = Math.min(p.right, q.right) - Math.max(p.left, q.left);
  const h = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
  if (w <= 0 || h <= 0) return 0;
  const area = (r: typeof p): number => (r.right - r.left) * (r.bottom - r.top);
  return (w * h) / Math.max(1e-9, Math.min(area(p), area(q)));
}

/** Arranges the things of a scene: the hero first, then groups of what belongs to the setting. Sorted back to front. */
export function arrange(plan: Plan): Group[] {
  const { setting, hero, allowed, things, random } = plan;
  const groups: Group[] = [];
  const limit = random.chance(0.3) ? 0.55 : 0.22;
  const zones = setting.zones.filter((zone) => zone.kinds.some((name) => allowed.has(name)));
  const home = random.pick(zones.filter((zone) => zone.kinds.includes(hero.name)));
  let left = things - addGroup(plan, groups, home, hero, limit, things);
  for (let tries = 0; left > 0 && tries < 12; tries++) {
    const zone = weighted(zones, random);
    const kind = kindNamed(random.pick(zone.kinds.filter((name) => allowed.has(name))))!;
    if (single(kind) && groups.some((group) => group.members[0]!.kind === kind)) continue;
    if (onWall(zone) && groups.some((group) => group.members[0]!.zone === zone)) continue;
    left -= addGroup(plan, groups, zone, kind, limit, left);
  }
  const crowdZone = zones.find((zone) => zone.crowds?.some((name) => allowed.has(name) && name !== hero.name));
  if (crowdZone && random.chance(0.14)) {
    const kind = kindNamed(random.pick(crowdZone.crowds!.filter((name) => allowed.has(name) && name !== hero.name)))!;
    groups.push(crowd(plan, crowdZone, kind));
  }
  const depth = (group: Group): number => (group.members[0]!.zone.kind === 'hangs' ? -1e6 : 0) + Math.min(...group.members.map((m) => m.y));
  return groups.toSorted((a, b) => depth(a) - depth(b));
}

function weighted(zones: readonly Zone[], random: Random): Zone {
  let rest = random.next() * zones.reduce((sum, zone) => sum + zone.weight, 0);
  return zones.find((zone) => (rest -= zone.weight) < 0) ?? zones[0]!;
}

/** Adds up to four of one kind where there is room; returns how many were placed. */
function addGroup({ width, height, random }: Plan, groups: Group[], zone: Zone, kind: Kind, limit: number, room: number): number {
  const wanted = single(kind) || onWall(zone) ? 1 : Math.min(room, random.pick([1, 1, 1, 1, 2, 2, 3, 4]));
  const alike = random.chance(0.6);
  let dress = dressFor(kind, random);
  let placed = 0;
  const [l, t, r, b] = zone.area;
  for (let i = 0; i < wanted; i++) {
    if (i > 0 && !alike) dress = dressFor(kind, random);
    for (let attempt = 0; attempt < 10; attempt++) {
      const depth = random.next();
      const size = sizeIn(zone, kind, depth, Math.min(width, height)) * random.range(0.9, 1.12);
      const half = (size * kind.box[0]) / Math.max(...kind.box) / 2;
      // At most a fifth of the width hangs over the picture's edge.
      const x = Math.min(Math.max(random.range(l, r) * width, half * 0.6), width - half * 0.6);
      const placement = place(kind, dress, zone, x, (t + (b - t) * depth) * height, size, random);
      if (groups.some((group) => overlap(group.members[0]!, placement) > limit)) continue;
      groups.push({ members: [placement], crowd: false });
      placed++;
      break;
    }
  }
  return placed;
}

/** Seven to thirteen small things close together at the far edge of a zone. */
function crowd({ width, height, random }: Plan, zone: Zone, kind: Kind): Group {
  const [l, t, r, b] = zone.area;
  const count = random.integer(7, 13);
  const size = sizeIn(zone, kind, 0, Math.min(width, height)) * 0.75;
  const spread = Math.min(0.5, (count * size * 0.3) / width);
  const start = random.range(l, Math.max(l, r - spread));
  const members: Placement[] = [];
  for (let i = 0; i < count; i++) {
    const x = (start + (spread * (i + random.range(-0.4, 0.4))) / count) * width;
    members.push(place(kind, dressFor(kind, random), zone, x, (t + (b - t) * random.range(0, 0.12)) * height, size, random));
  }
  return { members: members.toSorted((p, q) => p.y - q.y), crowd: true };
}
