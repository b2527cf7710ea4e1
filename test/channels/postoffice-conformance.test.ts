import {
  type PostofficeMessage,
  type PostofficeOptions,
  postofficeServer,
} from '../../channels/postoffice/index.ts'
import { topicAddress } from '../../channels/postoffice/topic.ts'
import type { BackendSite } from '../../src/testing/index.ts'
import { checkBackend } from '../support/check-all.ts'
import { openGate } from '../support/gate.ts'
import { startPostoffice } from '../support/postoffice.ts'

const token = 'hunter2-is-the-token'

async function startProvider() {
  const server = await startPostoffice({ headers: { authorization: `Bearer ${token}` } })
  const gate = await openGate(Number(new URL(server.url).port))
  const stop = () => Promise.all([gate.close(), server.stop()])
  return { server, gate, url: `http://127.0.0.1:${gate.port}`, stop }
}

type Provider = Awaited<ReturnType<typeof startProvider>>

function siteOf(
  takesIds: boolean,
): BackendSite<string, PostofficeMessage, PostofficeOptions, Provider> {
  const make = ({ url }: Provider, authorization = `Bearer ${token}`) =>
    postofficeServer({
      url,
      headers: { authorization },
      timeoutMs: 5_000,
      ...(takesIds && { idAttribute: 'delivery' }),
    })
  return {
    start: startProvider,
    stop: ({ stop }) => stop(),
    backend: (provider) => make(provider),
    // Every second one is the same: half of what is sent together goes in bulk.
    address: (n) => (n % 2 === 0 ? `topic-${n}` : 'topic'),
    key: topicAddress.key,
    message: (text) => ({ payload: JSON.stringify({ text }) }),
    received: ({ server }) =>
      server.messages.map(({ topic, payload, attributes }) => ({
        to: topic,
        text: String(payload.text),
        ...(attributes.delivery !== undefined && { id: attributes.delivery }),
      })),
    secrets: () => [token],
    ...{ takesIds, verifies: true, sendsMany: true, groups: false },
    // Postoffice refuses no topic for good: one that is not there can be created.
    refuse: null,
    fail: ({ server }) => server.next({ status: 503, body: `not now, ${token}` }),
    pause({ server }) {
      server.next({ status: 429, headers: { 'retry-after': '90' } })
      return 90_000
    },
    hang: ({ gate }) => gate.swallow(),
    down: ({ gate }) => gate.shut(),
    mend: ({ gate }) => gate.open(),
    unauthorized: (provider) => make(provider, 'Bearer hunter2-is-another-token'),
  }
}

checkBackend('postofficeServer', siteOf(false))
checkBackend('postofficeServer with `idAttribute`', siteOf(true))
