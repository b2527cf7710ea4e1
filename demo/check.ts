import { type Expected, expectedSkips } from './expected.ts'
import type { Ended, SkippedGroup } from './outcome.ts'
import type { ArrivedMail } from './stand-ins/mail-server.ts'
import type { ArrivedWebhook } from './stand-ins/webhook-receiver.ts'

/** What a run came to. */
export interface Outcome {
  readonly deliveries: readonly Ended[]
  readonly skipped: readonly SkippedGroup[]
  readonly mails: readonly ArrivedMail[]
  readonly webhooks: readonly ArrivedWebhook[]
}

const nameOf = (about: { event: string; channel: string }, to: string) =>
  `${about.event}, ${about.channel} to ${to}`

/** `Intl` writes narrow and unbreakable spaces, and a text made from HTML breaks no line there. */
const plain = (text: string) => text.replaceAll(/\s+/g, ' ')

function checkMail({ id }: Ended, wanted: Expected, mails: readonly ArrivedMail[]): string[] {
  const arrived = mails.filter(({ messageId }) => messageId.startsWith(`<${id}@`))
  if (wanted.mail === undefined) return arrived.length === 0 ? [] : ['a mail arrived all the same']
  const mail = arrived[0]
  if (mail === undefined || arrived.length > 1) return [`${arrived.length} mails arrived, not 1`]
  const { subject, says } = wanted.mail
  const problems: string[] = []
  if (mail.to !== wanted.to) problems.push(`the mail went to ${mail.to}`)
  if (plain(mail.subject) !== plain(subject)) problems.push(`the subject is "${mail.subject}"`)
  if (!mail.html.includes(`<html lang="${wanted.locale}">`)) problems.push('html: wrong language')
  for (const part of ['html', 'text'] as const) {
    for (const words of says) {
      if (!plain(mail[part]).includes(plain(words))) problems.push(`${part} lacks "${words}"`)
    }
  }
  return problems
}

/** Each try arrived with a signature that holds, and the last one was taken. */
function checkWebhook({ id, attempts }: Ended, webhooks: readonly ArrivedWebhook[]): string[] {
  const arrived = webhooks.filter(({ verifiedId }) => verifiedId === id)
  if (arrived.length !== attempts) {
    return [`${arrived.length} requests with a valid signature arrived, not ${attempts}`]
  }
  const body = JSON.parse(arrived.at(-1)!.body) as { id?: unknown; type?: unknown }
  return body.id === id && body.type === 'order-shipped' ? [] : ['the body is not the expected one']
}

function checkDelivery(delivery: Ended, wanted: Expected, outcome: Outcome): string[] {
  const problems: string[] = []
  const endOf = (status: string, attempts: number, code: string | undefined) =>
    `${status} at try ${attempts}${code === undefined ? '' : ` (${code})`}`
  const is = endOf(delivery.status, delivery.attempts, delivery.failure?.code)
  const shouldBe = endOf(wanted.status, wanted.attempts, wanted.code)
  if (is !== shouldBe) problems.push(`${is}, not ${shouldBe}`)
  else if (wanted.channel === 'email') problems.push(...checkMail(delivery, wanted, outcome.mails))
  else if (wanted.channel === 'webhook') problems.push(...checkWebhook(delivery, outcome.webhooks))
  if (delivery.locale !== wanted.locale) problems.push(`in ${delivery.locale}`)
  return problems.map((problem) => `${nameOf(wanted, wanted.to)}: ${problem}`)
}

/** Everything that is not as it should be; empty where all is well. */
export function problemsOf(outcome: Outcome, expected: readonly Expected[]): string[] {
  const found = new Map(
    outcome.deliveries.map((delivery) => [nameOf(delivery, delivery.addressKey), delivery]),
  )
  const problems = expected.flatMap((wanted) => {
    const name = nameOf(wanted, wanted.to)
    const delivery = found.get(name)
    found.delete(name)
    return delivery === undefined
      ? [`${name}: there is no such delivery`]
      : checkDelivery(delivery, wanted, outcome)
  })
  for (const name of found.keys()) problems.push(`${name}: nobody expected this delivery`)
  const skips = outcome.skipped.map(
    ({ event, channel, reason, names }) => `${event}, ${channel}, ${reason}: ${names.join(', ')}`,
  )
  if (skips.join('\n') !== expectedSkips.join('\n')) {
    problems.push(`not delivered, with reasons: ${skips.join('; ') || 'none'}`)
  }
  return problems
}
