/**
 * Messages rendered a second, against what liquidjs alone makes of the same templates, parsed
 * before. Both take turns in one run, so that a busy machine is busy for both; medians of rounds.
 *
 *   node --import ./build/typescript/register.js test/bench/render.ts
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Liquid } from 'liquidjs'
import type { Scope } from '../../src/template/contract.ts'
import { createTemplates } from '../../src/template/index.ts'
import { type BenchRow, isMain, median, print } from './measure.ts'

const rounds = 15
const roundMs = 60

const layout = `<!doctype html>
<html><body style="font-family: sans-serif">
<header><img src="https://shop.example/logo.png" alt="The shop"></header>
{% block body %}{% endblock %}
<footer>The shop, 1 Main Street. Sent to {{ recipient.name }}.</footer>
</body></html>`

const row = '<tr><td>{{ item.name }}</td><td>{{ item.count }}</td><td>{{ item.price }}</td></tr>'

const subject = 'Order {{ order.id }} is on its way'

const html = `{% layout 'main' %}{% block body %}
<h1>Hello {{ recipient.name }},</h1>
<p>your order <b>{{ order.id }}</b> has left our house{% if carrier %} with {{ carrier }}{% endif %}.</p>
<table>{% for item in order.items %}{% render 'row', item: item %}{% endfor %}</table>
<p><a href="{{ trackingUrl }}">Follow your parcel</a></p>
{% endblock %}`

const text = `Hello {{ recipient.name }},

your order {{ order.id }} has left our house{% if carrier %} with {{ carrier }}{% endif %}.
{% for item in order.items %}
- {{ item.count }} x {{ item.name }}: {{ item.price }}{% endfor %}

Follow your parcel: {{ trackingUrl }}`

const sms = 'Order {{ order.id }} is on its way with {{ carrier }}: {{ trackingUrl }}'

const scope: Scope = {
  context: {
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
  },
  recipient: { name: 'Zoë O’Neill <zoe@shop.example>' },
  recipients: [{ name: 'Zoë O’Neill <zoe@shop.example>' }],
  envoyer: {
    event: 'order-shipped',
    channel: 'email',
    locale: 'en',
    tz: 'Europe/Berlin',
    now: new Date('2026-11-20T12:00:00Z'),
    delivery: '01935b5e-0000-7000-8000-000000000000',
  },
}

export async function benchRender(): Promise<BenchRow[]> {
  const directory = mkdtempSync(path.join(tmpdir(), 'envoyer-render-'))
  try {
    return [
      measure('e-mail of three parts', ...email(directory)),
      measure('SMS', ...short(directory)),
    ]
  } finally {
    rmSync(directory, { recursive: true })
  }
}

type Pair = [ours: () => unknown, floor: () => unknown]

function ours(directory: string, channel: string): () => unknown {
  const files: Record<string, string> = {
    '_layouts/main.liquid': layout,
    '_partials/row.liquid': row,
    'order-shipped/email.subject.liquid': subject,
    'order-shipped/email.html.liquid': html,
    'order-shipped/email.text.liquid': text,
    'order-shipped/sms.text.liquid': sms,
  }
  for (const [file, body] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(directory, file)), { recursive: true })
    writeFileSync(path.join(directory, file), body)
  }
  const templates = createTemplates({
    directory,
    locale: 'en',
    channels: {
      email: {
        subject: 'required',
        html: { need: 'alternative', format: 'html' },
        text: 'alternative',
      },
      sms: { text: 'required' },
    },
    schemas: { 'order-shipped': undefined },
  })
  return () => templates.render('order-shipped', channel, 'en', scope)
}

function email(directory: string): Pair {
  const escaping = new Liquid({
    outputEscape: 'escape',
    cache: true,
    templates: { main: layout, row },
  })
  const plain = new Liquid()
  const parsed = {
    subject: plain.parse(subject),
    html: escaping.parse(html),
    text: plain.parse(text),
  }
  const data = { ...scope.context, recipient: scope.recipient }
  return [
    ours(directory, 'email'),
    () => [
      plain.renderSync(parsed.subject, data),
      escaping.renderSync(parsed.html, data),
      plain.renderSync(parsed.text, data),
    ],
  ]
}

function short(directory: string): Pair {
  const plain = new Liquid()
  const parsed = plain.parse(sms)
  const data = { ...scope.context, recipient: scope.recipient }
  return [ours(directory, 'sms'), () => plain.renderSync(parsed, data)]
}

function measure(name: string, ...pair: Pair): BenchRow {
  const rates: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds + 2; round += 1) {
    // Each goes first in every other round; the first two rounds only warm up.
    for (const which of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const rate = perSecond(pair[which])
      if (round >= 2) rates[which].push(rate)
    }
  }
  return { name, ours: median(rates[0]), floor: median(rates[1]) }
}

function perSecond(work: () => unknown): number {
  const start = performance.now()
  let done = 0
  while (performance.now() - start < roundMs) {
    for (let i = 0; i < 50; i += 1) work()
    done += 50
  }
  return Math.round((done / (performance.now() - start)) * 1000)
}

if (isMain(import.meta.url)) print(await benchRender())
