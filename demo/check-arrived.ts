import type { DeliveryDetails } from '../src/index.ts'
import type { Expected } from './expectation.ts'
import type { ArrivedMail } from './stand-ins/mail-server.ts'
import type { ArrivedPost } from './stand-ins/postoffice.ts'
import type { ArrivedSms } from './stand-ins/twilio.ts'
import type { ArrivedWebhook } from './stand-ins/webhook-receiver.ts'

/** What the stand-ins of the providers got. */
export interface Arrived {
  readonly mails: readonly ArrivedMail[]
  readonly messages: readonly ArrivedSms[]
  readonly posts: readonly ArrivedPost[]
  readonly webhooks: readonly ArrivedWebhook[]
}

/** `Intl` writes narrow and unbreakable spaces, and a text made from HTML breaks no line there. */
const plain = (text: string) => text.replaceAll(/\s+/g, ' ')

function checkMail({ id }: DeliveryDetails, wanted: Expected, { mails }: Arrived): string[] {
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

/** A failed one has no receipt: nothing arrived by that id. */
function checkSms({ receipt }: DeliveryDetails, wanted: Expected, { messages }: Arrived): string[] {
  if (wanted.sms === undefined) return []
  const arrived = messages.find(({ sid }) => sid === receipt?.id)
  if (arrived === undefined) return ['no SMS arrived']
  const { segments, says } = wanted.sms
  const problems: string[] = []
  if (arrived.to !== wanted.to) problems.push(`the SMS went to ${arrived.to}`)
  if (receipt?.segments !== segments)
    problems.push(`${receipt?.segments} segments, not ${segments}`)
  for (const words of says) {
    if (!arrived.text.includes(words)) problems.push(`the SMS lacks "${words}"`)
  }
  return problems
}

/** Each try arrived with a signature that holds, and the last one was taken. */
function checkWebhook(delivery: DeliveryDetails, _wanted: Expected, { webhooks }: Arrived) {
  const { id, attempts } = delivery
  const arrived = webhooks.filter(({ verifiedId }) => verifiedId === id)
  if (arrived.length !== attempts) {
    return [`${arrived.length} requests with a valid signature arrived, not ${attempts}`]
  }
  const body = JSON.parse(arrived.at(-1)!.body) as { id?: unknown; type?: unknown }
  return body.id === id && body.type === 'order-shipped' ? [] : ['the body is not the expected one']
}

/** It is one of many that came in one request. */
function checkPost({ context, receipt }: DeliveryDetails, _wanted: Expected, { posts }: Arrived) {
  const payload = JSON.stringify(context)
  const arrived = posts.filter(({ payloads }) =>
    payloads.some((each) => JSON.stringify(each) === payload),
  )
  if (arrived.length !== 1) return [`it arrived in ${arrived.length} requests, not in 1`]
  const { path, payloads } = arrived[0]!
  return path === '/api/bulk_messages/' && receipt?.bulk === payloads.length
    ? []
    : ['it did not go in bulk']
}

/** What is wrong with what arrived, by channel. */
export const arrivalChecks: Readonly<
  Record<
    string,
    (delivery: DeliveryDetails, wanted: Expected, arrived: Arrived) => readonly string[]
  >
> = { email: checkMail, sms: checkSms, webhook: checkWebhook, postoffice: checkPost }
