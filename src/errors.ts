import { inspect } from 'node:util'

/**
 * Every error that Envoyer throws at a caller, as one table: code → what it means and what to do.
 * `docs/reference/errors.md` is generated from it.
 */
export const errorTable = {
  'address-secret': {
    meaning: 'An address carries a secret, and there is no key to encrypt it with.',
    remedy:
      'Set ENVOYER_SECRET_KEY (32 bytes as base64, e.g. from `openssl rand -base64 32`) or the option `secretKey`.',
  },
  'attachment-invalid': {
    meaning: 'An attachment of an e-mail cannot be used.',
    remedy: 'Give one of `path`, `url` or `base64`, within the size limit named in the message.',
  },
  'channel-options': {
    meaning: 'The options given for a channel in `channelOptions` are not valid.',
    remedy: 'Correct the named option; the page of the channel lists what it takes.',
  },
  'channel-unknown': {
    meaning: 'No channel of this name is configured.',
    remedy: 'Add it to `channels` in createEnvoyer, or correct the name.',
  },
  closed: {
    meaning: 'This envoyer has been closed: by close(), or because its process was told to end.',
    remedy:
      'Send before that, or create a new one with createEnvoyer; call close() only when the process ends.',
  },
  'config-missing': {
    meaning: 'There is no configuration file.',
    remedy:
      'Run `envoyer` in the folder of your `envoyer.config.ts`, `.mts`, `.js` or `.mjs`, name it by `--config`, or make one by `envoyer init`.',
  },
  'config-unusable': {
    meaning: 'The configuration file cannot be used.',
    remedy:
      'Its default export must be an envoyer, or the options of `createEnvoyer` (`export default defineConfig({ … })`).',
  },
  'configuration-invalid': {
    meaning: 'The configuration given to createEnvoyer has problems.',
    remedy: 'Correct each problem listed.',
  },
  'context-invalid': {
    meaning: "The context does not fit the event's schema.",
    remedy: 'Correct the keys named, or the schema of the event.',
  },
  'context-not-json': {
    meaning: 'The context holds a value that does not survive as JSON.',
    remedy:
      'Pass plain JSON (dates as ISO strings) and let the schema transform it for the templates.',
  },
  'database-filled': {
    meaning: 'The database to move to holds notifications already.',
    remedy: 'Move to an empty database, or configure another `schema`.',
  },
  'database-locked': {
    meaning: 'Another process owns the embedded database, and this cannot be done through it.',
    remedy:
      'Do it in that process or stop it, give this one another `directory`, or use PostgreSQL (ENVOYER_DATABASE_URL).',
  },
  'database-moved': {
    meaning: 'What this embedded database held has been moved to PostgreSQL.',
    remedy:
      'Set ENVOYER_DATABASE_URL to where it is now. Only to go on with the old one, from which the same messages would go out again, remove the file named.',
  },
  'database-stopped': {
    meaning: 'The embedded database has stopped.',
    remedy:
      'Close this envoyer and create a new one; what was committed is not lost. If it happens again, report the reason given.',
  },
  'database-unreachable': {
    meaning: 'The database cannot be opened.',
    remedy:
      'Check ENVOYER_DATABASE_URL (host, port, user, password, database) and that the server runs.',
  },
  'delivery-state': {
    meaning: 'The delivery is not in a state that allows this.',
    remedy:
      'Look at its status: failed ones can be retried, sent ones resent, waiting ones rescheduled or cancelled.',
  },
  'event-unknown': {
    meaning: 'No event of this name is configured.',
    remedy: 'Add it to `events` in createEnvoyer, or correct the name.',
  },
  'key-reused': {
    meaning: 'The idempotency key was used before for this event with another context.',
    remedy: 'Use a key that names the thing that happened (for instance `order:1042:shipped`).',
  },
  'monitor-port': {
    meaning: 'Metrics and health cannot be served on the port of `monitor`.',
    remedy:
      'Give each process on the machine a port of its own (`monitor.port`, ENVOYER_METRICS_PORT), and a `host` that is an address of this machine.',
  },
  'not-found': {
    meaning: 'Nothing is stored under this id.',
    remedy: 'Check the id, and that it is of this database.',
  },
  'option-invalid': {
    meaning: 'An option of the call is not valid.',
    remedy: 'Correct the option named in the message.',
  },
  'other-database': {
    meaning: 'The `database` handed over does not hold the tables of this envoyer.',
    remedy: 'Pass an EntityManager or client of the database that envoyer is configured with.',
  },
  'owner-differs': {
    meaning:
      'The process that owns the embedded database has another version of Envoyer or of its tables.',
    remedy:
      'Restart that process with the version and `schema` of this one, or stop it; then call again.',
  },
  'owner-lost': {
    meaning:
      'The process that owned the embedded database ended in the midst of a long `send`, of which it had taken too much for the rest of it to be sent again from here.',
    remedy:
      'What it had written goes out. Give such calls a `key`, and call again with the same one and all recipients: nobody is written twice.',
  },
  'package-missing': {
    meaning: 'An optional package is not installed.',
    remedy: 'Run the install command named in the message.',
  },
  'recipients-invalid': {
    meaning: 'The recipients are not an object, an array or an iterable of objects.',
    remedy: 'Pass one recipient, an array, or an (async) iterable of them.',
  },
  'request-too-large': {
    meaning: 'This is too large to go through the process that owns the embedded database.',
    remedy:
      'Ask for less at once (`limit`), pass recipients as an iterable, or do it in that process.',
  },
  'schema-old': {
    meaning: 'The tables in the database are older than this version of envoyer.',
    remedy:
      'Run `envoyer migrate` (or `await envoyer.migrate()`) once, as a step of your deployment.',
  },
  'schema-new': {
    meaning:
      'The tables in the database are more than one version ahead of this version of envoyer.',
    remedy: 'Deploy the newer version of envoyer to this process.',
  },
  'send-abandoned': {
    meaning:
      'Nothing was added to the notification for a day, so a worker took its sender for dead and closed it.',
    remedy:
      'What was written is sent. Give a `send` that takes so long a `key`: it can be gone on with whenever you like.',
  },
  'sample-impossible': {
    meaning: 'No sample can be made up for a preview.',
    remedy: 'Give a `context` of your own, or the `recipient` where the message names it.',
  },
  'secret-key-invalid': {
    meaning: 'The secret key is not usable, or a stored secret was encrypted with another one.',
    remedy: 'Use 32 bytes as base64 or hex, and keep old keys in the list while data uses them.',
  },
  'socket-refused': {
    meaning:
      'The socket of the process that owns the embedded database could be one that somebody else has put there.',
    remedy:
      'Run both processes as the same user; if they are, stop the owner and remove what is named here.',
  },
  'template-invalid': {
    meaning: 'A template cannot be parsed or rendered.',
    remedy: 'Mend it at the place named in the message.',
  },
  'template-missing': {
    meaning: 'A required part of a message has no template.',
    remedy:
      'Create the files that the message lists, or name the channel in `channels` where it needs none.',
  },
  'template-unknown': {
    meaning: 'There is no such event, channel or part to override.',
    remedy: "Use a configured event and channel, and one of the channel's parts.",
  },
  'transaction-open': {
    meaning:
      'The embedded database has one session, and a transaction is open on it in this call chain.',
    remedy: 'Pass the transaction: send(…, { database: manager }).',
  },
  'transaction-too-long': {
    meaning:
      'A transaction on the embedded database stayed open beyond its time limit and was rolled back.',
    remedy:
      'Do no network calls inside a transaction; raise `transactionTimeoutMs` if it is needed.',
  },
  usage: {
    meaning: 'The command was not called as it can be.',
    remedy: 'Add `--help` to it to see what it takes.',
  },
  'wait-timeout': {
    meaning: 'The notification was not completed within the time given to waitFor.',
    remedy:
      'Mend what holds it: resume a channel, run a worker, see to a failed try; or allow more time with `timeoutMs`.',
  },
} as const satisfies Record<string, { meaning: string; remedy: string }>

export type ErrorCode = keyof typeof errorTable

/** The one class of errors thrown by Envoyer's own functions. `code` is stable; the text is not. */
export class EnvoyerError extends Error {
  override readonly name = 'EnvoyerError'
  readonly code: ErrorCode
  /** What was wrong, one line each. */
  readonly problems: readonly string[]

  constructor(code: ErrorCode, problems: string | readonly string[], options?: ErrorOptions) {
    const list = typeof problems === 'string' ? [problems] : problems
    const { meaning, remedy } = errorTable[code]
    const what =
      list.length > 1 ? `\n${list.map((line) => `  - ${line}`).join('\n')}\n` : ` ${list.join('')} `
    super(`${meaning}${what.replace(/([^.\s]) $/, '$1. ')}${remedy} [${code}]`, options)
    this.code = code
    this.problems = list
  }
}

/** What a backend exchanged with its provider, kept with a failed attempt. Secrets must be masked. */
export interface Exchange {
  readonly request?: unknown
  readonly response?: unknown
}

/**
 * A failed try of a delivery. Thrown as it is, or as any other error, it means: try again later,
 * as the channel's retry policy says.
 */
export class DeliveryError extends Error {
  override readonly name: string = 'DeliveryError'
  /** Short, stable, for monitoring: `http-503`, `smtp-451`, `ECONNREFUSED`. */
  readonly code: string
  readonly exchange: Exchange | undefined

  constructor(message: string, options: { code: string; exchange?: Exchange; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = options.code
    this.exchange = options.exchange
  }
}

/** Thrown by a backend: this delivery can never succeed; it is not tried again. */
export class Permanent extends DeliveryError {
  override readonly name = 'Permanent'
}

/**
 * Thrown by a backend: try again, but not before `delayMs` from now. `scope` names what else is
 * held back until then: only this `delivery`, all of its `lane`, or the whole `backend`.
 */
export class RetryAfter extends DeliveryError {
  override readonly name = 'RetryAfter'
  readonly delayMs: number
  readonly scope: 'delivery' | 'lane' | 'backend'

  constructor(
    delayMs: number,
    message: string,
    options: {
      code: string
      scope?: 'delivery' | 'lane' | 'backend'
      exchange?: Exchange
      cause?: unknown
    },
  ) {
    super(message, options)
    // A month at most: what a provider says is not to be believed beyond that.
    this.delayMs = Number.isFinite(delayMs) ? Math.min(Math.max(0, delayMs), 30 * 86_400_000) : 0
    this.scope = options.scope ?? 'delivery'
  }
}

/** Makes an `Error` of whatever was thrown: the one place where `unknown` is looked at. */
export function toError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown
  return new Error(typeof thrown === 'string' ? thrown : `Thrown: ${shown(thrown)}`)
}

function shown(thrown: unknown): string {
  try {
    return JSON.stringify(thrown)
  } catch {
    // It goes in a circle, or holds what JSON has no words for.
    return inspect(thrown, { customInspect: false, getters: false })
  }
}

/** The `code` of any error, or `fallback` where it has none. */
export function codeOf(error: unknown, fallback: string): string {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' && code !== '' ? code : fallback
}

/** What an optional package that could not be imported is told as; any other error as it is. */
export function missingPackage(error: unknown, user: string, install: string): unknown {
  if (codeOf(error, '') !== 'ERR_MODULE_NOT_FOUND') return error
  const problem = `${user} needs ${install.replaceAll(' ', ' and ')}: npm install ${install}`
  return new EnvoyerError('package-missing', problem, { cause: error })
}
