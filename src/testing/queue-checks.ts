import { type Check, toChecks } from './check.ts'
import { createQueueBench } from './queue-bench.ts'
import { queueClosingRules } from './queue-closing.ts'
import { consumingRules } from './queue-consuming.ts'
import type { QueueSite } from './queue-site.ts'

/**
 * The rules that every queue keeps, as checks for any test runner, to be run one after the other.
 * Tickets may be doubled, so no check counts on one being handled once.
 *
 * ```ts
 * for (const { name, run } of queueChecks(site)) test(name, run)
 * ```
 *
 * A check rejects with an AssertionError that says what was expected, what happened, and the rule.
 */
export function queueChecks<Place>(site: QueueSite<Place>): readonly Check[] {
  const any = site as unknown as QueueSite<unknown>
  return toChecks([...consumingRules, ...queueClosingRules], any, createQueueBench)
}
