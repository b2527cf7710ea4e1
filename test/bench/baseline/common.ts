/**
 * What the baselines and Envoyer have in common when they are measured beside each other: template,
 * context, recipients, tables, and the orders that a contestant takes from the bench.
 *
 * The durability is that of production, the same for all: PostgreSQL with `fsync` on, Redis with an
 * append-only file synced once a second. Each contestant is one process that sends and works, and
 * keeps of every message what was sent, to whom, and what the provider answered, as Envoyer does.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Liquid, type Template } from 'liquidjs'
import { sharedNow } from '../measure.ts'

export type Channel = 'email' | 'webhook'

/** Where a contestant finds everything, handed over as JSON in its first argument. */
export interface Site {
  readonly channel: Channel
  readonly databaseUrl: string
  /** The contestant's own: of its tables, and of its keys in Redis. */
  readonly schema: string
  readonly redisUrl: string
  /** Of the HTTP sink. */
  readonly origin: string
  readonly smtpPort: number
  /** Signs webhooks, as Standard Webhooks 1.0 says. */
  readonly secret: string
}

/** How many recipients each `send` is given. */
export const batchSize = 1000
export const from = 'Shop <hello@shop.example>'
/** Connections to the SMTP server; what providers commonly allow, and Envoyer's default. */
export const smtpConnections = 5

export interface Person {
  readonly userId: string
  readonly name: string
  readonly url: string
  readonly email: string
}

export const context = {
  order: {
    id: 'A-1042',
    items: [
      { name: 'Tea & biscuits', count: 2, price: '4.20' },
      { name: 'A "large" mug', count: 1, price: '9.90' },
      { name: 'Honey', count: 3, price: '6.50' },
    ],
  },
  carrier: 'DHL',
  trackingUrl: 'https://track.example/?order=A-1042&from=mail',
}
export type Context = typeof context

/** By the names of Envoyer's template files. */
export const parts = {
  'email.subject': 'Order {{ order.id }} is on its way',
  'email.html': `<!doctype html>
<html><body style="font-family: sans-serif">
<header><img src="https://shop.example/logo.png" alt="The shop"></header>
<h1>Hello {{ recipient.name }},</h1>
<p>your order <b>{{ order.id }}</b> has left our house{% if carrier %} with {{ carrier }}{% endif %}.</p>
<table>{% for item in order.items %}
<tr><td>{{ item.name }}</td><td>{{ item.count }}</td><td>{{ item.price }}</td></tr>{% endfor %}
</table>
<p><a href="{{ trackingUrl }}">Follow your parcel</a></p>
<footer>The shop, 1 Main Street. Sent to {{ recipient.name }}.</footer>
</body></html>`,
  'email.text': `Hello {{ recipient.name }},

your order {{ order.id }} has left our house{% if carrier %} with {{ carrier }}{% endif %}.
{% for item in order.items %}
- {{ item.count }} x {{ item.name }}: {{ item.price }}{% endfor %}

Follow your parcel: {{ trackingUrl }}`,
  'webhook.body': `{"type":"shipped","name":{{ recipient.name | json }},"order":{{ order.id | json }},"items":[{% for item in order.items %}{"name":{{ item.name | json }},"count":{{ item.count }},"price":{{ item.price | json }}}{% unless forloop.last %},{% endunless %}{% endfor %}],"carrier":{{ carrier | json }},"trackingUrl":{{ trackingUrl | json }}}`,
} as const

/** Templates parsed once; only HTML escapes what is put into it. */
export function parseTemplates() {
  const plain = new Liquid()
  const escaping = new Liquid({ outputEscape: 'escape' })
  const one = (engine: Liquid, source: string) => ({ engine, template: engine.parse(source) })
  return {
    subject: one(plain, parts['email.subject']),
    html: one(escaping, parts['email.html']),
    text: one(plain, parts['email.text']),
    body: one(plain, parts['webhook.body']),
  } satisfies Record<string, { engine: Liquid; template: Template[] }>
}

export const scopeOf = (given: Context, { name }: Person) => ({ ...given, recipient: { name } })

/** What was sent, of every message. */
export const sentLog = (schema: string) => `
  CREATE SCHEMA ${schema};
  CREATE TABLE ${schema}.sent (
    id uuid PRIMARY KEY,
    event text NOT NULL,
    channel text NOT NULL,
    address text NOT NULL,
    recipient jsonb NOT NULL,
    message jsonb NOT NULL,
    receipt jsonb NOT NULL,
    sent_at timestamptz NOT NULL
  )`

export interface Contestant {
  send(people: readonly Person[], options?: { urgent?: boolean }): Promise<unknown>
  /** Starts the worker. */
  work(): Promise<unknown>
  /** Rows of messages that were sent, each once. */
  sent(): Promise<number>
  close(): Promise<unknown>
}

/** `settled` is to be called with the number of messages whose last row is committed. */
export type Open = (site: Site, settled: (count: number) => void) => Promise<Contestant>

/** What the bench orders, and what each order answers. */
export type Order =
  | { readonly do: 'work' }
  /** Sends to so many people, and waits until the last of them is settled. */
  | { readonly do: 'flood'; readonly count: number }
  /** Sends to so many people, and does not wait. */
  | { readonly do: 'enqueue'; readonly count: number }
  /** Waits until so many of what waits are settled. */
  | { readonly do: 'settle'; readonly count: number }
  /** One after another. On an idle system each waits until the one before it is settled. */
  | {
      readonly do: 'singles'
      readonly count: number
      readonly idle: boolean
      readonly pauseMs: number
      readonly urgent: boolean
    }
  | { readonly do: 'sent' }
  | { readonly do: 'close' }

export interface Effort {
  readonly tookMs: number
  readonly cpuMs: number
}
/** When `send` was called, by `sharedNow`, for each address. */
export type Calls = Record<string, number>

const withinMs = 120_000

function person({ origin }: Site, name: string): Person {
  return { userId: name, name: `N ${name}`, url: `${origin}/${name}`, email: `${name}@x.example` }
}

/** Runs a contestant in this process: opens it and does what the bench orders. */
export async function serve(open: Open): Promise<void> {
  const site = JSON.parse(process.argv[2]!) as Site
  let settled = 0
  let reached: () => void = () => {}
  let goal = Number.POSITIVE_INFINITY
  const contestant = await open(site, (count) => {
    settled += count
    if (settled >= goal) reached()
  })
  const until = async (count: number) => {
    if (settled >= count) return
    const before = settled
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve, reject) => {
      reached = resolve
      goal = count
      const late = () => reject(new Error(`${settled - before} of ${count - before} are settled`))
      timer = setTimeout(late, withinMs)
    })
    clearTimeout(timer)
    goal = Number.POSITIVE_INFINITY
  }
  let next = 0

  const effort = async (work: () => Promise<unknown>): Promise<Effort> => {
    const cpu = process.cpuUsage()
    const began = performance.now()
    await work()
    const { user, system } = process.cpuUsage(cpu)
    return { tookMs: performance.now() - began, cpuMs: (user + system) / 1000 }
  }
  const flood = (count: number, andThen: () => Promise<unknown>) => {
    const people = Array.from({ length: count }, () => person(site, `hook-${next++}`))
    return effort(async () => {
      for (let at = 0; at < count; at += batchSize)
        await contestant.send(people.slice(at, at + batchSize))
      await andThen()
    })
  }
  const singles = async ({ count, idle, pauseMs, urgent }: Extract<Order, { do: 'singles' }>) => {
    const calls: Calls = {}
    for (let n = 0; n < count; n += 1) {
      const name = `noted-${randomUUID()}`
      const end = settled + 1
      calls[name] = sharedNow()
      await contestant.send([person(site, name)], urgent ? { urgent } : {})
      if (idle) await until(end)
      // Not in step with anybody's timers.
      await sleep(pauseMs * (0.5 + Math.random()))
    }
    return calls
  }
  const obey = async (order: Order): Promise<unknown> => {
    if (order.do === 'work') return contestant.work()
    if (order.do === 'enqueue') return flood(order.count, async () => {})
    if (order.do === 'flood' || order.do === 'settle') {
      const end = settled + order.count
      const allSettled = () => until(end)
      return order.do === 'flood' ? flood(order.count, allSettled) : effort(allSettled)
    }
    if (order.do === 'singles') return singles(order)
    if (order.do === 'sent') return contestant.sent()
    await contestant.close()
    // Kilobytes, whatever the system.
    return process.resourceUsage().maxRSS * 1024
  }
  process.on('message', async (order: Order) => {
    try {
      process.send!({ answer: await obey(order) })
    } catch (thrown) {
      process.send!({ error: String((thrown as Error).stack ?? thrown) })
    }
    // By itself it would wait for whatever handle was left open.
    if (order.do === 'close') process.disconnect()
  })
  process.once('disconnect', () => process.exit())
  process.send!({ answer: 'ready' })
}
