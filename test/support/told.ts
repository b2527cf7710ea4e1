import { inspect } from 'node:util'

/**
 * What came of something, by name, as texts that tell dates from strings and absent from undefined.
 * Ids and times of now differ between two runs, and are named by their order.
 */
export function told(outcomes: Readonly<Record<string, unknown>>): Record<string, string> {
  const names = new Map<string, string>()
  const name = (id: string) => {
    if (!names.has(id)) names.set(id, `id ${names.size + 1}`)
    return names.get(id)!
  }
  const year = new Date().getUTCFullYear()
  const now = new RegExp(`(?:${year}|${year + 1})-[\\dT:.-]+Z?`, 'g')
  const tell = (value: unknown) =>
    inspect(value, { depth: 20, maxArrayLength: 20, sorted: true, breakLength: 100 })
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, name)
      .replace(now, 'now')
      .replace(/\w{3} \d+ \w{3} \d{4} \d\d:\d\d(:\d\d)?/g, 'then')
  return Object.fromEntries(Object.entries(outcomes).map(([key, value]) => [key, tell(value)]))
}
