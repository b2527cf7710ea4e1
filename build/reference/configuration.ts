import { type Property, readFunctions, readInterface } from './interfaces.ts'
import { code, page, table } from './markdown.ts'

interface Section {
  readonly title: string
  readonly intro: string
  /** Where the options are declared: file and interface; none where they are those of another section. */
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
    title: 'monitor',
    intro:
      'Of `createEnvoyer`: where a process with a worker shows its metrics and its health. Without `port`, all is counted for `envoyer.metrics()` and nothing is served. See [monitoring](../guides/monitoring.md).',
    from: [['src/option/monitor.ts', 'MonitorOptions']],
  },
  {
    title: 'defineEvent',
    intro: 'An entry of `events`. Its key is the name of the event.',
    from: [['src/event/define.ts', 'EventDefinition']],
  },
  {
    title: 'send',
    intro: 'The fourth argument of `envoyer.send(event, recipients, context, options)`.',
    from: [
      ['src/option/send-options.ts', 'SendOptions'],
      ['src/option/timing.ts', 'SendTiming'],
    ],
  },
  {
    title: 'explain',
    intro:
      'The third argument of `envoyer.explain(event, recipient, options)`. Of the options of [`send`](#send) it takes `channels`, `locale`, `grouping`, and those that say when: `at`, `immediate`, `now`, `deadline`, `deadlineMs`, `afterDeadline`. Here `now` stands for the time of the call wholly: `deadlineMs` counts from it, too. See [when would it go, and why?](../guides/windows.md#when-would-it-go-and-why)',
    from: [],
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
    from: [['src/outbox/filter.ts', 'DeliveryFilter']],
  },
  {
    title: 'deliveries.reschedule',
    intro:
      'The second argument of `envoyer.deliveries.reschedule(id, to)`, for a [delivery that waits](../guides/windows.md#deliveries-that-wait).',
    from: [['src/wiring/reschedule.ts', 'Reschedule']],
  },
  {
    title: 'deliveries.retryAll, cancelAll',
    intro:
      'The second argument of `envoyer.deliveries.retryAll(filter, options)` and `cancelAll`. See [many at once](../guides/operating.md#many-at-once).',
    from: [['src/wiring/many.ts', 'ManyOptions']],
  },
  {
    title: 'prune',
    intro:
      'The argument of `envoyer.prune(options)`; the first two are also those of `createEnvoyer({ prune })`, which has a worker do it daily. See [removing what is old](../guides/operating.md#removing-what-is-old).',
    from: [
      ['src/option/keeping.ts', 'Keeping'],
      ['src/wiring/prune.ts', 'PruneOptions'],
    ],
  },
  {
    title: 'settings.set',
    intro:
      'What `envoyer.settings.set(channel, change)` can change while everything runs. Workers hear of it at once; other processes heed it within five seconds.',
    from: [['src/setting/settings.ts', 'ChannelSetting']],
  },
  {
    title: 'windows',
    intro:
      'Of a channel, of an event, and the second argument of `envoyer.windows.set({ channel } | { event }, windows)`: a list of windows, or `{ windows, except }` with closed dates (`YYYY-MM-DD`, or `{ from, to }`, both included). `envoyer.windows.apply({ dryRun: true })` only tells what would move (default `false`). See [send when people want it](../guides/windows.md).',
    from: [['src/availability/window.ts', 'Window']],
  },
  {
    title: 'Every channel',
    intro:
      'The argument of `email(…)`, `sms(…)`, `webhook(…)`, `consoleChannel(…)` and of channels made with `defineChannel`. The last one has its defaults; `email` waits 60 s, and `webhook` has 400 messages in flight and [retries of its own](../guides/channels/webhook.md#errors). `consoleChannel()` needs no `backend`.',
    from: [['src/channel/channel.ts', 'ChannelOptions']],
  },
  {
    title: 'rate',
    intro: 'Of a channel, over all workers together.',
    from: [['src/channel/channel.ts', 'Rate']],
  },
  {
    title: 'createTestEnvoyer',
    intro:
      'The second argument of `createTestEnvoyer(options, testOptions)`; the first takes the options of `createEnvoyer`. See [testing your application](../guides/testing.md).',
    from: [['src/testing/test-envoyer.ts', 'TestOptions']],
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
    'ENVOYER_REDIS_URL',
    'Redis, which tells workers of due work; heeded where there is PostgreSQL. The option `redisUrl` wins. Needs the packages bullmq and ioredis.',
  ],
  [
    'ENVOYER_SECRET_KEY',
    'Encrypts secrets at rest; several separated by commas. The option `secretKey` wins.',
  ],
  [
    'ENVOYER_METRICS_PORT',
    'Serves metrics and health on this port of the loopback address, in processes with a worker. The option `monitor.port` wins.',
  ],
  ['NO_COLOR', 'The console channel prints without colours.'],
] as const

export async function configurationPage(): Promise<string> {
  const parts: string[] = []
  for (const { title, intro, from } of sections) {
    const properties = await Promise.all(from.map(([path, name]) => readInterface(path, name)))
    parts.push(`## ${title}`, intro)
    if (from.length > 0) parts.push(optionTable(properties.flat()))
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
