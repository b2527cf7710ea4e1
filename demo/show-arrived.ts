import type { DeliveryDetails } from '../src/index.ts'
import type { Arrived } from './check-arrived.ts'
import { explain, say } from './terminal.ts'

/** What the stand-ins got, in the words of each recipient. */
export function showArrived(
  { mails, messages, posts, webhooks }: Arrived,
  deliveries: readonly DeliveryDetails[],
  folder: string,
): void {
  say(`${mails.length} mails, read back from the mail server; as pages for your browser in`)
  say(`${folder}/`, '')
  const width = Math.max(0, ...mails.map(({ to }) => to.length))
  for (const { to, subject, text } of mails) {
    say(`${to.padEnd(width)}  ${subject}`)
    // The same parcel, at the time of each recipient.
    const arrival = text.split('\n').find((line) => /your time|Ihrer Zeit/.test(line))
    if (arrival !== undefined) explain(`  ${arrival}`)
  }

  say('', 'SMS, and what each costs')
  for (const { receipt } of deliveries) {
    const arrived = messages.find(({ sid }) => sid === receipt?.id)
    if (arrived === undefined) continue
    const { to, text } = arrived
    const { segments, encoding } = receipt ?? {}
    const cost = `${segments} ${segments === 1 ? 'segment' : 'segments'} of ${encoding}`
    say('', `${to}: ${text.length} characters, ${cost}`)
    explain(...text.split('\n').map((line) => `  ${line}`))
  }

  say('', 'What Postoffice got, for whatever subscribes to the topic', '')
  for (const { path, topic, payloads } of posts) {
    say(`POST ${path}  ${payloads.length} in one request, to the topic ${topic}`)
    explain(...payloads.map((payload) => `  ${JSON.stringify(payload)}`))
  }
  say('', 'Webhooks, as the receiver saw them', '')
  for (const { path, status, verifiedId } of webhooks) {
    const signature = verifiedId === undefined ? 'signature refused' : 'signature verified'
    say(`POST ${path.padEnd(10)}  ${signature}, answered ${status}`)
  }
}
