/** How early two neighbors merge, the highest score first; undefined when they never do. */
export type PairScore = (left: string, right: string) => number | undefined;

/** Two neighbors that may merge: where the left one begins, how long both are together, and the score of the result. */
interface Candidate {
  readonly left: number;
  readonly length: number;
  readonly score: number;
}

/**
 * Byte-pair merging: of all neighbors the two with the highest score merge first, the leftmost of equal ones, until none is left. O(n log n).
 *
 * @param text - Characters as the vocabulary writes them.
 * @returns The pieces in order; one that is a single character need not be in the vocabulary.
 */
export function mergePieces(text: string, scoreOf: PairScore): string[] {
  // A piece is known by where it begins (UTF-16 units). Ends: 0 where no piece begins.
  const ends = new Uint32Array(text.length + 1);
  const before = new Int32Array(text.length + 1).fill(-1);
  const heap: Candidate[] = [];
  const propose = (left: number): void => {
    const right = ends[left]!;
    if (left < 0 || right >= text.length) return;
    const end = ends[right]!;
    const score = scoreOf(text.slice(left, right), text.slice(right, end));
    if (score !== undefined) push(heap, { left, length: end - left, score });
  };
  for (let start = 0; start < text.length;) {
    const end = start + (text.codePointAt(start)! > 0xffff ? 2 : 1);
    ends[start] = end;
    before[end] = start;
    start = end;
  }
  for (let start = 0; start < text.length; start = ends[start]!) propose(start);
  for (let best = pop(heap); best; best = pop(heap)) {
    const { left, length } = best;
    const right = ends[left]!;
    // Either neighbor has merged with another one since.
    if (right === 0 || right >= text.length || ends[right]! !== left + length) continue;
    const end = left + length;
    ends[right] = 0;
    ends[left] = end;
    before[end] = left;
    if (left > 0) propose(before[left]!);
    propose(left);
  }
  const pieces: string[] = [];
  for (let start = 0; start < text.length; start = ends[start]!) pieces.push(text.slice(start, ends[start]));
  return pieces;
}

function precedes(a: Candidate, b: Candidate): boolean {
  return a.score > b.score || (a.score === b.score && a.left < b.left);
}

/** Binary heap, best first. */
function push(heap: Candidate[], candidate: Candidate): void {
  let at = heap.push(candidate) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!precedes(candidate, heap[parent]!)) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = candidate;
}

function pop(heap: Candidate[]): Candidate | undefined {
  const best = heap[0];
  const last = heap.pop();
  if (heap.length === 0 || !last) return best;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && precedes(heap[child + 1]!, heap[child]!)) child++;
    if (!precedes(heap[child]!, last)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
  return best;
}
