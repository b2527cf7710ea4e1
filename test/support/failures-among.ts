import type { Check } from '../../src/testing/index.ts'

/**
 * The checks that fail, in their order, with what they throw. All at once, to save time; but the one
 * that counts what is open in the process by itself.
 */
export async function failuresAmong(checks: readonly Check[]): Promise<Map<string, Error>> {
  const failed = new Map<string, Error>()
  const run = (check: Check) =>
    check.run().catch((error: Error) => void failed.set(check.name, error))
  const counts = ({ name }: Check) => name === 'close leaves nothing open'
  await Promise.all(checks.filter((check) => !counts(check)).map(run))
  for (const check of checks.filter(counts)) await run(check)
  const inOrder = checks.filter(({ name }) => failed.has(name))
  return new Map(inOrder.map(({ name }) => [name, failed.get(name)!]))
}
