import { isZone } from '../availability/index.ts'
import { unknownKeys } from '../channel/known-keys.ts'
import { countProblem, timeoutProblem } from '../channel/numbers.ts'
import { simulateAll } from '../channel/simulator.ts'
import { EnvoyerError, toError } from '../errors.ts'
import { createLog, type Log, type Logger, loggerProblem } from '../log/logger.ts'
import type { RecipientOptions } from '../recipient/recipient.ts'
import { createSealer, type Sealer } from '../secret/sealer.ts'
import type { FailedTry } from '../signal/signals.ts'
import {
  type CustomFilter,
  canonicalLocale,
  notLocale,
  type TemplateLimits,
} from '../template/index.ts'
import { checkChannel, checkEvent, namesOf } from './check.ts'
import { folderOf } from './folder.ts'
import type { ChannelMap, EventMap } from './infer.ts'
import { type Keeping, keepingNames, keepingProblems } from './keeping.ts'
import { type Monitor, type MonitorOptions, monitorOf } from './monitor.ts'
import { ownersWithWindows } from './timing.ts'

/** A given-up delivery, or an error of Envoyer's own machinery that no caller could be told. */
export type FailureReport =
  | ({ readonly kind: 'delivery' } & FailedTry)
  | { readonly kind: 'internal'; readonly error: Error }

/** Everything but events, channels and recipients. */
export interface Surroundings {
  /** Folder of the templates, as a path or file URL. Default: none; then all come from the database. */
  readonly templates?: string | URL
  /** Filters of one's own for templates: `{{ value | name: argument }}`. */
  readonly filters?: Readonly<Record<string, CustomFilter>>
  /** What rendering one part may cost. */
  readonly templateLimits?: Partial<TemplateLimits>
  /**
   * Zone of recipients without one, or with one that is unknown: for windows, and for dates in
   * templates. Must be given where there are windows. Default: UTC.
   */
  readonly zone?: string
  /** Language of the base templates, and of numbers and dates in them. Default: en. */
  readonly locale?: string
  /** Locales tried, in order, where a message has no template in the recipient's language. */
  readonly fallbackLocales?: readonly string[]
  /**
   * PostgreSQL. Default: ENVOYER_DATABASE_URL. Without one, or where it is '', the embedded database
   * is used.
   */
  readonly databaseUrl?: string
  /**
   * Redis, which tells workers on many machines of due work (over BullMQ); for PostgreSQL only.
   * Default: ENVOYER_REDIS_URL. Without one, or where it is '', PostgreSQL's NOTIFY tells them.
   */
  readonly redisUrl?: string
  /** Folder of the embedded database, or 'memory'. Default: .envoyer */
  readonly directory?: string
  /** Schema of our tables. Default: envoyer. */
  readonly schema?: string
  /**
   * `fsync` (default): what is acknowledged survives a power cut. `process`: quicker; survives a
   * killed process only. Of the embedded database.
   */
  readonly durability?: 'fsync' | 'process'
  /**
   * How long a transaction on the embedded database may stay open before it is rolled back, since
   * everything else waits for it. Default 5,000 ms.
   */
  readonly transactionTimeoutMs?: number
  /** Connections to PostgreSQL. Default 10. */
  readonly connections?: number
  /**
   * How long PostgreSQL may take to answer one of our statements before its connection is taken for
   * dead and another one is opened. Default 15,000 ms.
   */
  readonly statementTimeoutMs?: number
  /**
   * Whether opening brings the tables up to date (`run`), or refuses where they are old (`check`).
   * Default: run for the embedded database, check for PostgreSQL.
   */
  readonly migrations?: 'run' | 'check'
  /** 32 bytes as base64 or hex: encrypts secrets at rest. Several: the first encrypts, all decrypt. Default: ENVOYER_SECRET_KEY, separated by commas. */
  readonly secretKey?: string | readonly string[]
  /** Whether what was sent is kept with its delivery. Default true. */
  readonly keepMessages?: boolean
  /**
   * Whether simulator addresses (`refused@simulator.example`) do what they are named after, without
   * a provider: for rehearsals, not for production. Default false.
   */
  readonly simulate?: boolean
  /**
   * Has a worker remove once a day what was completed so long ago: `{ days: 30 }`. Default: nothing
   * is removed.
   */
  readonly prune?: Keeping
  /**
   * Told of every delivery given up, and of errors inside Envoyer: for error trackers. Default:
   * internal errors are written to standard error.
   */
  readonly onFailure?: (failure: FailureReport) => void
  /**
   * Shows the metrics and the health of each process that runs a worker, over HTTP. Default: off,
   * unless ENVOYER_METRICS_PORT is set.
   */
  readonly monitor?: MonitorOptions
  /**
   * Told what workers do, in lines: pino, or what has its functions. Nothing of an address, a
   * context or a provider's words is written at `info` or above. Default: none.
   */
  readonly logger?: Logger
}

/** The options of `createEnvoyer`. */
export interface EnvoyerOptions<
  Events extends EventMap,
  Channels extends ChannelMap,
  User,
  OwnAddress extends string,
> extends Surroundings {
  /** By name: `defineEvent`. */
  readonly events: Events
  /** By name: `email({ backend })` and the like. */
  readonly channels: Channels
  /** How the application's own objects are read. */
  readonly recipient?: RecipientOptions<User, OwnAddress>
}

export interface Configuration
  extends Omit<Surroundings, 'templates' | 'databaseUrl' | 'redisUrl' | 'monitor' | 'logger'> {
  readonly templates: string | undefined
  readonly databaseUrl: string | undefined
  readonly redisUrl: string | undefined
  readonly events: EventMap
  readonly channels: ChannelMap
  readonly recipient: RecipientOptions<never>
  readonly zone: string
  /** It was said, not taken for granted. */
  readonly zoneGiven: boolean
  readonly locale: string
  readonly schema: string
  readonly sealer: Sealer
  /** `undefined`: nothing is counted until `metrics` is called. */
  readonly monitor: Monitor | undefined
  readonly log: Log | undefined
}

const optionNames = [
  ...[
    'events',
    'channels',
    'recipient',
    'templates',
    'filters',
    'templateLimits',
    'zone',
    'locale',
  ],
  ...[
    'fallbackLocales',
    'databaseUrl',
    'redisUrl',
    'directory',
    'schema',
    'durability',
    'transactionTimeoutMs',
  ],
  ...[
    'connections',
    'statementTimeoutMs',
    'migrations',
    'secretKey',
    'keepMessages',
    'prune',
    'simulate',
    'onFailure',
    'monitor',
    'logger',
  ],
]
const recipientKeys = ['address', 'data', 'locale', 'tz', 'immediate', 'userId']

function pruneProblems(prune: Keeping | undefined): string[] {
  if (prune === undefined) return []
  if (prune === null || typeof prune !== 'object')
    return ['it must be an object such as { days: 30 }']
  return [...unknownKeys(prune, keepingNames), ...keepingProblems(prune)]
}

function checkSurroundings(configuration: Configuration, problems: string[]): void {
  const { zone, locale, fallbackLocales = [], schema, databaseUrl } = configuration
  if (!isZone(zone)) problems.push(`\`zone\`: "${zone}" is not an IANA time zone`)
  for (const each of [locale, ...fallbackLocales]) {
    if (canonicalLocale(each) === undefined) problems.push(notLocale(each))
  }
  if (!/^[a-z_][a-z0-9_]{0,40}$/.test(schema)) {
    problems.push('`schema` must be a plain lower-case identifier of at most 41 characters')
  }
  const { durability, migrations, connections = 1 } = configuration
  for (const line of pruneProblems(configuration.prune)) problems.push(`prune: ${line}`)
  // 'false' out of the environment would be true.
  if (typeof (configuration.simulate ?? false) !== 'boolean') {
    problems.push('`simulate` must be true or false')
  }
  if (durability !== undefined && !['fsync', 'process'].includes(durability)) {
    problems.push('`durability` must be fsync or process')
  }
  if (migrations !== undefined && !['run', 'check'].includes(migrations)) {
    problems.push('`migrations` must be run or check')
  }
  for (const key of ['statementTimeoutMs', 'transactionTimeoutMs'] as const) {
    const problem = timeoutProblem(configuration[key] ?? 1)
    if (problem !== undefined) problems.push(`\`${key}\` ${problem}`)
  }
  const few = countProblem(connections)
  if (few !== undefined) problems.push(`\`connections\` ${few}`)
  if (databaseUrl !== undefined && !/^postgres(ql)?:\/\//.test(databaseUrl)) {
    problems.push('`databaseUrl` (ENVOYER_DATABASE_URL) must begin with postgres://')
  }
  const { redisUrl } = configuration
  if (redisUrl !== undefined && !/^rediss?:\/\//.test(redisUrl)) {
    problems.push('`redisUrl` (ENVOYER_REDIS_URL) must begin with redis:// or rediss://')
  }
  if (redisUrl !== undefined && databaseUrl === undefined) {
    problems.push('`redisUrl` needs `databaseUrl`: the embedded database has one process')
  }
}

function sealerOf(secretKey: Surroundings['secretKey'], problems: string[]): Sealer {
  const given = secretKey ?? process.env.ENVOYER_SECRET_KEY ?? ''
  const keys = typeof given === 'string' ? given.split(',').map((key) => key.trim()) : given
  try {
    return createSealer(given === '' ? undefined : keys)
  } catch (thrown) {
    problems.push(`\`secretKey\`: ${toError(thrown).message}`)
    return createSealer(undefined)
  }
}

function logOf(logger: Logger | undefined, problems: string[]): Log | undefined {
  if (logger === undefined) return undefined
  const problem = loggerProblem(logger)
  if (problem === undefined) return createLog(logger)
  problems.push(problem)
  return undefined
}

/** Checks the whole configuration once; throws `configuration-invalid` with all of its problems. */
export function checkConfiguration(
  options: EnvoyerOptions<EventMap, ChannelMap, never, string>,
): Configuration {
  if (options === null || typeof options !== 'object') {
    throw new EnvoyerError('configuration-invalid', 'createEnvoyer needs an object of options')
  }
  const problems: string[] = unknownKeys(options, optionNames)
  for (const line of unknownKeys(options.recipient, recipientKeys))
    problems.push(`recipient: ${line}`)
  const databaseUrl = (options.databaseUrl ?? process.env.ENVOYER_DATABASE_URL) || undefined
  const configuration: Configuration = {
    ...options,
    recipient: options.recipient ?? {},
    templates: folderOf(options.templates, problems),
    zone: options.zone ?? 'UTC',
    zoneGiven: options.zone !== undefined,
    locale: options.locale ?? 'en',
    databaseUrl,
    // Of the environment it may be meant for other processes.
    redisUrl: (options.redisUrl ?? (databaseUrl && process.env.ENVOYER_REDIS_URL)) || undefined,
    schema: options.schema ?? 'envoyer',
    sealer: sealerOf(options.secretKey, problems),
    monitor: monitorOf(options.monitor, problems),
    log: logOf(options.logger, problems),
  }
  const channelNames = namesOf('channels', options.channels, problems)
  for (const name of channelNames) checkChannel(name, options.channels, problems)
  const eventNames = namesOf('events', options.events, problems)
  for (const name of eventNames) {
    checkEvent(name, options.events, options.channels, configuration.sealer, problems)
  }
  for (const name of Object.keys(options.recipient?.address ?? {})) {
    if (!channelNames.includes(name)) problems.push(`recipient.address: no channel "${name}"`)
  }
  const timed = [
    ...ownersWithWindows('channel', options.channels),
    ...ownersWithWindows('event', options.events),
  ]
  if (timed.length > 0 && options.zone === undefined) {
    problems.push(`\`zone\` must be given, as there are windows: ${timed.join(', ')}`)
  }
  checkSurroundings(configuration, problems)
  if (problems.length > 0) throw new EnvoyerError('configuration-invalid', problems)
  if (!options.simulate) return configuration
  return { ...configuration, channels: simulateAll(options.channels) }
}
