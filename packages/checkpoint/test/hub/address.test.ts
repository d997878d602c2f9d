import { expect, it } from 'vitest';
import { formatHubUri, parseHubUri } from '../../src/hub/address.ts';

it('reads repository, revision and file', () => {
  expect(parseHubUri('hf:org/name')).toEqual({ repo: 'org/name', revision: 'main' });
  expect(parseHubUri('hf://org/name/')).toEqual({ repo: 'org/name', revision: 'main' });
  expect(parseHubUri('hf:a-b/c.d_E@v1.0/sub/f@2 x.bin')).toEqual({ repo: 'a-b/c.d_E', revision: 'v1.0', file: 'sub/f@2 x.bin' });
  expect(parseHubUri('hf:org/name@refs/pr/3/f')).toEqual({ repo: 'org/name', revision: 'refs/pr/3', file: 'f' });
  expect(parseHubUri('hf:org/name@my%2Fbranch/f')).toEqual({ repo: 'org/name', revision: 'my/branch', file: 'f' });
});

it.each(['hf:org/name', 'hf:org/name@v1/a/b.bin', 'hf:org/name@refs/pr/3/f', 'hf:org/name@my%2Fbranch/f'])('writes %s back', (uri) => {
  expect(formatHubUri(parseHubUri(uri))).toBe(uri);
});

it.each([
  'org/name',
  'hf:name',
  'hf:org/',
  'hf:../name',
  'hf:org/..',
  'hf:or--g/name',
  'hf:org/name.git',
  `hf:org/${'n'.repeat(100)}`,
  'hf:org/name/../../etc/passwd',
  'hf:org/name/a/../b',
  'hf:org/name//etc/passwd',
  'hf:org/name/./b',
  'hf:org/name/a\\..\\b',
  'hf:org/name/C:x',
  'hf:org/name/a\0b',
  'hf:org/name@../f',
  'hf:org/name@%2e%2e%2f%2e%2e/f',
  'hf:org/name@%2Fetc/f',
  'hf:org/name@%/f',
  'hf:org/name@a%00/f',
  `hf:org/name/${'a/'.repeat(600)}f`,
])('refuses %j', (uri) => {
  expect(() => parseHubUri(uri)).toThrow(expect.objectContaining({ code: 'USAGE' }));
});
