import fc from 'fast-check'
import type { Model } from './model.ts'
import type { Site } from './site.ts'

/** Something that a worker, an application or an operator does. */
export interface Step {
  readonly name: string
  /** How fast-check tells of it. */
  readonly [fc.toStringMethod]: () => string
  /** Does it to the database, which may be busy with others. */
  act(site: Site): Promise<unknown>
  /** Does it to both, with nothing beside it, and compares what they say. */
  actAndCompare(model: Model, site: Site): Promise<void>
}

export function step<Given, Result>(
  what: string,
  given: Given,
  act: (site: Site, given: Given) => Promise<Result>,
  expect: (model: Model, result: Result, given: Given) => void,
): Step {
  const name = `${what} ${JSON.stringify(given)}`
  return {
    name,
    [fc.toStringMethod]: () => name,
    act: (site) => act(site, given),
    async actAndCompare(model, site) {
      expect(model, await act(site, given), given)
    },
  }
}

/** Some, one after the other. */
export const inTurn = (name: string, steps: readonly Step[]): Step => ({
  name,
  [fc.toStringMethod]: () => name,
  async act(site) {
    for (const each of steps) await each.act(site)
  },
  async actAndCompare(model, site) {
    for (const each of steps) await each.actAndCompare(model, site)
  },
})

/** Compares plain values; the sentence says both. */
export function same(what: string, actual: unknown, expected: unknown): void {
  const [has, should] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (has !== should) throw new Error(`${what}: ${has}, where the model says ${should}`)
}

export const sorted = (ids: Iterable<string>) => [...ids].sort()
