import { createBench } from './backend-bench.ts'
import { closingRules } from './backend-closing.ts'
import { failingRules } from './backend-failing.ts'
import { sendingRules } from './backend-sending.ts'
import type { AnySite, BackendSite } from './backend-site.ts'
import { type Check, toChecks } from './check.ts'

/**
 * The rules that every backend keeps, as checks for any test runner. Each starts a provider of its
 * own, and they run one after the other: one of them counts what is open in the process.
 *
 * ```ts
 * for (const { name, run } of backendChecks(site)) test(name, run)
 * ```
 *
 * A check rejects with an AssertionError that says what was expected, what happened, and the rule.
 * Those of abilities that the site declares absent are not in the list.
 */
export function backendChecks<Address, Message, Options, Provider>(
  site: BackendSite<Address, Message, Options, Provider>,
): readonly Check[] {
  // The checks carry what the site gives back to the site, and never look into it.
  const any = site as unknown as AnySite
  return toChecks([...sendingRules, ...failingRules, ...closingRules], any, createBench)
}
