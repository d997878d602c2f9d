import { expect, it } from 'vitest';
import { countQuestion, everyQuestion, kinds, renderScene, renderSingle, type Scene, type Thing } from '../src/index.ts';
import { palette } from '../src/colors.ts';
import { stuffNamed } from '../src/stuff/catalog.ts';
import { noun, numberWord } from '../src/words.ts';

/** How many times each kind is named in a sentence, read back from its words alone. */
function countsIn(caption: string): Map<string, number> {
  const found = new Map<string, number>();
  let text = ` ${caption.replaceAll(',', ' ,')} `;
  // Longest names first, so that "pair of skis" is not met as something else; what was read is struck out.
  const names = kinds.flatMap((kind) => [noun(kind.name, 2), noun(kind.name, 1)].map((words) => ({ kind: kind.name, words })));
  for (const { kind, words } of names.toSorted((a, b) => b.words.length - a.words.length)) {
    // "an orange" may go on "striped blanket": the fruit is followed by no other noun.
    const after = kind === 'orange' ? '(?= (?:,|and|on|in|at|by|lies?|to|above|below|$))' : '(?= )';
    const colors = `(?:(?:${Object.keys(palette).join('|')}) )?(?:(?:striped|dotted|checked|spotted) )?`;
    const head = words.includes(' of ') ? words.replace(' of ', ` of ${colors}`) : colors + words;
    text = text.replaceAll(new RegExp(` (an?|one|two|three|four|five|six|seven) ${head}${after}`, 'g'), (_, count: string) => {
      const number = ['one', 'two', 'three', 'four', 'five', 'six', 'seven'].indexOf(count) + 1 || 1;
      found.set(kind, (found.get(kind) ?? 0) + number);
      return ' #';
    });
  }
  return found;
}

function countsOf(things: readonly Thing[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const { category, crowd } of things) if (!crowd) found.set(category, (found.get(category) ?? 0) + 1);
  return found;
}

const scenes: Scene[] = Array.from({ length: 160 }, (_, seed) => renderScene(seed, { width: 96 }));

it('names every thing of the scene, and nothing else, in the first caption', () => {
  for (const { seed, captions, things } of scenes) {
    const crowdless = captions[0]!.replaceAll(/a (flock|herd|group|row|crowd) of \w+/g, '');
    expect({ seed, counts: countsIn(crowdless) }).toEqual({ seed, counts: countsOf(things) });
  }
});

it('never names more of a kind than there are, in any caption', () => {
  for (const { captions, things } of scenes) {
    expect(new Set(captions).size).toBe(captions.length);
    const truth = countsOf(things);
    for (const caption of captions) {
      const excess = [...countsIn(caption)].filter(([kind, count]) => count > (truth.get(kind) ?? 0));
      expect({ caption, excess }).toEqual({ caption, excess: [] });
    }
  }
});

it('counts right where a caption counts', () => {
  let seen = 0;
  for (const { captions, things } of scenes) {
    for (const caption of captions) {
      const match = /^(?:a picture (?:of|with) (\w+) (.+)|there are (\w+) (.+) in the picture)$/.exec(caption);
      if (!match) continue;
      seen++;
      const [word, name] = [match[1] ?? match[3]!, match[2] ?? match[4]!];
      const kind = kinds.find((k) => noun(k.name, 1) === name || noun(k.name, 2) === name)!.name;
      expect({ caption, word: numberWord(things.filter((thing) => thing.category === kind).length) }).toEqual({ caption, word });
    }
  }
  expect(seen).toBeGreaterThan(100);
});

it('answers how many from the panoptic map, where and which color from the thing', () => {
  const types = new Set<string>();
  for (const { questions, things, semantic, panoptic } of scenes) {
    for (const { type, question, answer } of questions) {
      types.add(type);
      const named = (name: string): Thing[] => things.filter((thing) => thing.category === name);
      if (type === 'how many') {
        const kind = kinds.find((k) => question === `How many ${noun(k.name, 2)} are there?`)!;
        const ids = new Set<number>();
        for (let i = 0; i < semantic.length; i++) if (semantic[i] === kind.id) ids.add(panoptic[i]!);
        expect(String(ids.size)).toBe(answer);
      } else if (type === 'where') {
        const [thing, other] = named(/ the (.+)\?$/.exec(question)![1]!);
        expect(other).toBeUndefined();
        expect(answer.startsWith(thing!.where)).toBe(true);
      } else if (type === 'which colour') {
        const [thing, other] = named(/ the ([a-z]+)\?$/.exec(question)![1]!);
        expect(other).toBeUndefined();
        expect(answer).toBe(thing!.color);
      } else {
        expect(things.some((thing) => question === `What is ${thing.where}?`)).toBe(true);
      }
    }
  }
  expect([...types].toSorted()).toEqual(['how many', 'what', 'where', 'which colour']);
});

it('asks about a scene nothing but what every question of it holds', () => {
  for (const scene of scenes) {
    const every = everyQuestion(scene).map((question) => JSON.stringify(question));
    expect(new Set(every).size).toBe(every.length);
    for (const question of scene.questions) {
      if (question.answer !== '0') expect(every).toContain(JSON.stringify(question));
    }
  }
  expect(countQuestion(scenes[0]!, 'skis').question).toBe('How many pairs of skis are there?');
});

it('states sides and relations that the boxes show', () => {
  let relations = 0;
  for (const { captions, things, picture } of scenes) {
    for (const thing of things) {
      const center = (thing.box[0] + thing.box[2] / 2) / picture.width;
      expect(thing.side).toBe(center < 0.38 ? 'left' : center > 0.62 ? 'right' : 'middle');
    }
    for (const caption of captions) {
      const match = /^(.+) (to the left of|to the right of|above|below) (.+)$/.exec(caption);
      if (!match) continue;
      relations++;
      const [a, b] = [match[1]!, match[3]!].map((words) => things.find((thing) => countsIn(words).has(thing.category))!) as [Thing, Thing];
      const [ax, ay, aw, ah] = a.box;
      const [bx, by, bw, bh] = b.box;
      const holds = { 'to the left of': ax + aw <= bx, 'to the right of': bx + bw <= ax, above: ay + ah <= by, below: by + bh <= ay }[
        match[2]!
      ];
      expect({ caption, holds }).toEqual({ caption, holds: true });
    }
  }
  expect(relations).toBeGreaterThan(50);
});

it('stands things on the stuff that the words name', () => {
  let [checked, right] = [0, 0];
  for (const { things, semantic, picture } of scenes) {
    for (const thing of things) {
      // What flies may have a hill behind it.
      if (thing.crowd || thing.visible < 1 || thing.on === 'sky') continue;
      const [x, y, w, h] = thing.box;
      // Right below the feet, or below what hangs.
      const below = (y + h + 1) * picture.width + Math.round(x + w / 2);
      const id = semantic[below];
      if (id === undefined || id <= 90) continue;
      checked++;
      if (id === stuffNamed(thing.on).id) right++;
    }
  }
  expect(checked).toBeGreaterThan(150);
  expect(right / checked).toBeGreaterThan(0.99);
});

it('shows the color that it names', () => {
  for (const kind of kinds) {
    for (let seed = 0; seed < 4; seed++) {
      const { picture, thing } = renderSingle(seed, kind.name, { width: 96 });
      const wanted = [1, 3, 5].map((i) => Number.parseInt(palette[thing.color].slice(i, i + 2), 16));
      const [left, top, w, h] = thing.box;
      let near = 0;
      for (let y = top; y < top + h; y++) {
        for (let x = left; x < left + w; x++) {
          const at = (y * picture.width + x) * 3;
          if (wanted.every((channel, c) => Math.abs(channel - picture.data[at + c]!) < 45)) near++;
        }
      }
      // Sandwiches, pizzas and striped hides are named by no color.
      const shown = new Set(kind.colors).size === 1 || near > 0.04 * thing.area;
      expect({ kind: kind.name, seed, shown }).toEqual({ kind: kind.name, seed, shown: true });
    }
  }
});
