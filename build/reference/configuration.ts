import { type Property, readFunctions, readInterface } from './interfaces.ts'
import { code, page, table } from './markdown.ts'

interface Section {
  readonly title: string
  readonly intro: string
  /** Where the options are declared: file and interface, one or several. */
  readonly from: readonly (readonly [path: string, name: string])[]
}

const sections: readonly Section[] = [
  {
    title: 'createEnvoyer',
    intro:
      'Every problem is reported at once, as [`configuration-invalid`](errors.md). Nothing is opened before the first use.',
    from: [
      ['src/option/configuration.ts', 'EnvoyerOptions'],
      ['src/option/configuration.ts', 'Surroundings'],
    ],
  },
  {
    title: 'recipient',
    intro:
      'Of `createEnvoyer`: how your own objects are read. See [Channels and recipients](../guides/channels.md).',
    from: [['src/recipient/recipient.ts', 'RecipientOptions']],
  },
  {
    title: 'templateLimits',
    intro: 'Of `createEnvoyer`: what rendering one part may cost.',
    from: [['src/template/limits.ts', 'TemplateLimits']],
  },
  {
    title: 'defineEvent',
    intro: 'An entry of `events`. Its key is the name of the event.',
    from: [['src/event/define.ts', 'EventDefinition']],
  },
  {
    title: 'send',
    intro: 'The fourth argument of `envoyer.send(event, recipients, context, options)`.',
    from: [['src/option/send-options.ts', 'SendOptions']],
  },
  {
    title: 'worker',
    intro:
      'The argument of `envoyer.worker(options)`. See [Running workers](../guides/running-workers.md).',
    from: [['src/worker/worker.ts', 'WorkerOptions']],
  },
  {
    title: 'waitFor',
    intro: 'The second argument of `envoyer.waitFor(notification, options)`.',
    from: [['src/wiring/wait.ts', 'WaitOptions']],
  },
  {
    title: 'deliveries.list',
    intro: 'The filter of `envoyer.deliveries.list(filter)`. All that is given must hold.',
    from: [['src/outbox/read.ts', 'DeliveryFilter']],
  },
  {
    title: 'settings.set',
    intro:
      'What `envoyer.settings.set(channel, change)` can change while everything runs. Every process sees it within five seconds.',
    from: [['src/setting/settings.ts', 'ChannelSetting']],
  },
  {
    title: 'Every channel',
    intro:
      'The argument of `email(…)`, `sms(…)`, `webhook(…)`, `consoleChannel(…)` and of channels made with `defineChannel`. The last one has its defaults; `email` waits 60 s, and `webhook` has 100 messages in flight and [retries of its own](../guides/channels/webhook.md#errors). `consoleChannel()` needs no `backend`.',
    from: [['src/channel/channel.ts', 'ChannelOptions']],
  },
  {
    title: 'rate',
    intro: 'Of a channel, over all workers together.',
    from: [['src/channel/channel.ts', 'Rate']],
  },
  {
    title: 'stdout',
    intro: 'The backend of the [console channel](../guides/channels/console.md).',
    from: [['channels/console/stdout.ts', 'StdoutOptions']],
  },
  {
    title: 'smtp',
    intro: 'The backend of the [e-mail channel](../guides/channels/email.md).',
    from: [['channels/email/smtp-options.ts', 'SmtpOptions']],
  },
  {
    title: 'channelOptions.email',
    intro: 'Of an event or a call.',
    from: [['channels/email/options.ts', 'EmailOptions']],
  },
  {
    title: 'sms',
    intro:
      'Of the [SMS channel](../guides/channels/sms.md), besides those of [every channel](#every-channel).',
    from: [['channels/sms/channel.ts', 'PhoneOptions']],
  },
  {
    title: 'twilio',
    intro: 'The backend of the [SMS channel](../guides/channels/sms.md).',
    from: [['channels/sms/twilio-options.ts', 'TwilioOptions']],
  },
  {
    title: 'channelOptions.sms',
    intro: 'Of an event or a call.',
    from: [['channels/sms/options.ts', 'SmsOptions']],
  },
  {
    title: 'http',
    intro: 'The backend of the [webhook channel](../guides/channels/webhook.md).',
    from: [['channels/webhook/http.ts', 'HttpOptions']],
  },
  {
    title: 'channelOptions.webhook',
    intro: 'Of an event or a call.',
    from: [['channels/webhook/options.ts', 'WebhookOptions']],
  },
]

const environment = [
  [
    'ENVOYER_DATABASE_URL',
    'PostgreSQL instead of the embedded database. The option `databaseUrl` wins.',
  ],
  [
    'ENVOYER_SECRET_KEY',
    'Encrypts secrets at rest; several separated by commas. The option `secretKey` wins.',
  ],
  ['NO_COLOR', 'The console channel prints without colours.'],
] as const

export async function configurationPage(): Promise<string> {
  const parts: string[] = []
  for (const { title, intro, from } of sections) {
    const properties = await Promise.all(from.map(([path, name]) => readInterface(path, name)))
    parts.push(`## ${title}`, intro, optionTable(properties.flat()))
  }
  return page(
    'Configuration',
    'Every option of every function that takes options, from the comments in the code.',
    ...parts,
    ...(await retryPart()),
    '## Environment',
    table(
      ['variable', 'meaning'],
      environment.map(([name, meaning]) => [code(name), meaning]),
    ),
  )
}

function optionTable(properties: readonly Property[]): string {
  return table(
    ['option', 'type', 'default', 'meaning'],
    properties.map(({ name, required, type, byDefault, meaning }) => [
      code(name),
      code(type),
      byDefault ?? (required ? 'required' : ''),
      meaning,
    ]),
  )
}

/** The functions that make retry policies, and what all of them take. */
async function retryPart(): Promise<string[]> {
  const path = 'src/channel/retry.ts'
  const functions = await readFunctions(path)
  return [
    '## Retry policies',
    'For `retry` of a channel or an event. A policy of your own is a function: `({ attempt, elapsedMs, error }) => delayMs`, or `null` to give up. Without any, `defaultRetry` holds: 1 min, 5 min, 15 min, 1 h, 4 h, ±20 %, then failed.',
    table(
      ['function', 'delays'],
      functions.map(({ name, meaning }) => [code(`${name}(…)`), meaning]),
    ),
    'Their limits:',
    optionTable(await readInterface(path, 'Limits')),
  ]
}
