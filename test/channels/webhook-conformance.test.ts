import { webhookAddress } from '../../channels/webhook/address.ts'
import { http } from '../../channels/webhook/index.ts'
import { createSigningSecret } from '../../src/secret/signing-secret.ts'
import type { BackendSite } from '../../src/testing/index.ts'
import { checkBackend } from '../support/check-all.ts'
import { type Gate, openGate } from '../support/gate.ts'
import { type ReceivedRequest, startReceiver } from '../support/http-receiver.ts'

/** A receiver that repeats in its answers what it was sent, as echo services do. */
async function startEcho() {
  const taken: ReceivedRequest[] = []
  const refused = new Set<string>()
  const answer = { status: 200, headers: {} as Record<string, string> }
  const receiver = await startReceiver({
    handler(request, response) {
      const status = refused.has(request.path) ? 410 : answer.status
      if (status === 200) taken.push(request)
      response.writeHead(status, answer.headers).end(JSON.stringify(request.headers))
    },
  })
  const gate: Gate = await openGate(receiver.port)
  const stop = () => Promise.all([gate.close(), receiver.stop()])
  return { gate, taken, refused, answer, stop }
}

const secret = createSigningSecret()
const [token, password] = ['tok-5f1c2a9e7b', 'pw-0c9d8e7f6a']
const url = (n: number, gate: Gate) => `http://127.0.0.1:${gate.port}/hook/${n}`

const site: BackendSite<
  ReturnType<typeof webhookAddress.parse>,
  { readonly body?: string },
  Record<never, never>,
  Awaited<ReturnType<typeof startEcho>>
> = {
  start: startEcho,
  stop: ({ stop }) => stop(),
  backend: () => http({ secret, allow: ['127.0.0.1/32'], headers: { 'x-api-key': token } }),
  address: (n, { gate }) =>
    webhookAddress.parse({
      url: url(n, gate),
      headers: { authorization: `Bearer ${password}` },
    }),
  key: webhookAddress.key,
  message: (text) => ({ body: JSON.stringify({ text }) }),
  received: ({ taken, gate }) =>
    taken.map(({ path, headers, body }) => ({
      to: `http://127.0.0.1:${gate.port}${path}`,
      text: (JSON.parse(String(body)) as { text: string }).text,
      id: String(headers['webhook-id']),
    })),
  secrets: () => [secret, secret.replace('whsec_', ''), token, password],
  ...{ takesIds: true, verifies: false, sendsMany: false, groups: false },
  refuse: ({ refused }, address) => refused.add(new URL(address.url).pathname),
  fail({ answer }) {
    answer.status = 503
  },
  pause({ answer }) {
    Object.assign(answer, { status: 429, headers: { 'retry-after': '90' } })
    return 90_000
  },
  hang: ({ gate }) => gate.swallow(),
  down: ({ gate }) => gate.shut(),
  mend({ gate, answer, refused }) {
    Object.assign(answer, { status: 200, headers: {} })
    refused.clear()
    return gate.open()
  },
  // A receiver has no credentials of ours: it checks signatures, and its own headers.
  unauthorized: null,
}

checkBackend('http', site)
