import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** These take longest: begun first, they end together with the others. */
const slow = ['crash', 'package', 'types', 'integration']

/** All test files, by their paths. Benchmarks are no tests. */
export async function findTests(root: string): Promise<string[]> {
  const found = await readdir(join(root, 'test'), { recursive: true })
  const rank = (path: string) => {
    const at = slow.findIndex((folder) => path.startsWith(folder))
    return at < 0 ? slow.length : at
  }
  return found
    .filter((path) => path.endsWith('.test.ts') && !path.startsWith('bench'))
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .map((path) => join(root, 'test', path))
}
