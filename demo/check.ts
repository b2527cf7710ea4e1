import type { DeliveryDetails } from '../src/index.ts'
import { type Arrived, arrivalChecks } from './check-arrived.ts'
import type { Expected } from './expectation.ts'
import { expectedSkips } from './expected.ts'
import type { SkippedGroup } from './outcome.ts'

/** What a run came to. */
export interface Outcome {
  readonly deliveries: readonly DeliveryDetails[]
  readonly skipped: readonly SkippedGroup[]
  readonly arrived: Arrived
}

const nameOf = (about: { event: string; channel: string }, to: string) =>
  `${about.event}, ${about.channel} to ${to}`

function checkDelivery(delivery: DeliveryDetails, wanted: Expected, arrived: Arrived): string[] {
  const problems: string[] = []
  const endOf = (status: string, attempts: number, code: string | undefined) =>
    `${status} at try ${attempts}${code === undefined ? '' : ` (${code})`}`
  const is = endOf(delivery.status, delivery.attempts, delivery.failures.at(-1)?.code)
  const shouldBe = endOf(wanted.status, wanted.attempts, wanted.code)
  if (is !== shouldBe) problems.push(`${is}, not ${shouldBe}`)
  else problems.push(...(arrivalChecks[wanted.channel]?.(delivery, wanted, arrived) ?? []))
  if (delivery.locale !== wanted.locale) problems.push(`in ${delivery.locale}`)
  const instead = delivery.fallbackOf !== null
  if (instead !== (wanted.instead ?? false)) {
    problems.push(instead ? 'it is a fallback' : 'it is not a fallback')
  }
  return problems.map((problem) => `${nameOf(wanted, wanted.to)}: ${problem}`)
}

/** Everything that is not as it should be; empty where all is well. */
export function problemsOf(outcome: Outcome, expected: readonly Expected[]): string[] {
  const left = [...outcome.deliveries]
  const nameOfDelivery = (delivery: DeliveryDetails) => nameOf(delivery, delivery.addressKey)
  const problems = expected.flatMap((wanted) => {
    const name = nameOf(wanted, wanted.to)
    const place = left.findIndex((delivery) => nameOfDelivery(delivery) === name)
    if (place < 0) return [`${name}: there is no such delivery`]
    const [delivery] = left.splice(place, 1)
    return checkDelivery(delivery!, wanted, outcome.arrived)
  })
  for (const delivery of left) {
    problems.push(`${nameOfDelivery(delivery)}: nobody expected this delivery`)
  }
  const skips = outcome.skipped.map(
    ({ event, channel, reason, names }) => `${event}, ${channel}, ${reason}: ${names.join(', ')}`,
  )
  if (skips.join('\n') !== expectedSkips.join('\n')) {
    problems.push(`not delivered, with reasons: ${skips.join('; ') || 'none'}`)
  }
  return problems
}
