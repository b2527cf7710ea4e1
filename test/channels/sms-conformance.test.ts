import { type SmsMessage, type SmsOptions, twilio } from '../../channels/sms/index.ts'
import { phoneAddress } from '../../channels/sms/phone.ts'
import type { Backend } from '../../src/channel/backend.ts'
import { failover, roundRobin } from '../../src/channel/composite.ts'
import type { BackendSite } from '../../src/testing/index.ts'
import { checkBackend } from '../support/check-all.ts'
import { openGate } from '../support/gate.ts'
import { startTwilio, type TwilioAnswer } from '../support/twilio.ts'

type SmsBackend = Backend<string, SmsMessage, SmsOptions>
type Make = (name: string, authToken?: string) => SmsBackend

async function startProvider() {
  const api = await startTwilio()
  const gate = await openGate(Number(new URL(api.url).port))
  const make: Make = (name, authToken = api.authToken) =>
    twilio({
      ...{ name, authToken, accountSid: api.accountSid, from: api.from },
      baseUrl: `http://127.0.0.1:${gate.port}`,
    })
  const stop = () => Promise.all([gate.close(), api.stop()])
  return { api, gate, make, stop }
}

type Provider = Awaited<ReturnType<typeof startProvider>>

/** `members` requests are made for a message that fails: so many answers are prepared. */
function siteOf(
  compose: (make: Make) => SmsBackend,
  members: number,
): BackendSite<string, SmsMessage, SmsOptions, Provider> {
  const answerAll = ({ api }: Provider, answer: TwilioAnswer, times = members) =>
    api.next(...Array.from({ length: times }, () => answer))
  return {
    start: startProvider,
    stop: ({ stop }) => stop(),
    backend: ({ make }) => compose(make),
    address: (n) => `+4917012345${String(n).padStart(2, '0')}`,
    key: phoneAddress().key,
    message: (text) => ({ text }),
    received: ({ api }) =>
      api.messages.map(({ parameters }) => ({ to: parameters.To!, text: parameters.Body! })),
    secrets: ({ api }) => [
      api.authToken,
      Buffer.from(`${api.accountSid}:${api.authToken}`).toString('base64'),
    ],
    // Twilio's API for messages takes no idempotency key.
    ...{ takesIds: false, verifies: true, sendsMany: false, groups: false },
    refuse({ api }, address) {
      const body = { code: 21211, message: `Invalid 'To' ${address} (token ${api.authToken})` }
      api.next({ status: 400, body: JSON.stringify(body) })
    },
    fail: (provider) => answerAll(provider, { status: 503, body: '{}' }),
    // Failover keeps a pause of one member to itself: the message may go by another at once.
    pause:
      members > 1
        ? null
        : (provider) => {
            answerAll(provider, { status: 429, headers: { 'retry-after': '90' }, body: '{}' })
            return 90_000
          },
    hang: ({ gate }) => gate.swallow(),
    down: ({ gate }) => gate.shut(),
    mend: ({ gate }) => gate.open(),
    unauthorized: ({ make }) => compose((name) => make(name, 'a-wrong-token')),
  }
}

checkBackend(
  'twilio',
  siteOf((make) => make('twilio'), 1),
)
checkBackend(
  'failover of two',
  siteOf((make) => failover([make('a'), make('b')]), 2),
)
checkBackend(
  'roundRobin of two',
  siteOf((make) => roundRobin([make('a'), make('b')]), 2),
)
