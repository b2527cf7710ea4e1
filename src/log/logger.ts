/** A logger as pino is one: fields first, then the text. Levels that it does not write are its own affair. */
export interface Logger {
  debug(fields: object, text: string): void
  info(fields: object, text: string): void
  warn(fields: object, text: string): void
  error(fields: object, text: string): void
  /** Makes one whose lines all carry these fields. */
  child?(fields: { readonly module: string }): Logger
  /** Whether lines of the level are written; those that are not need not be made. */
  isLevelEnabled?(level: string): boolean
}

export type Level = 'debug' | 'info' | 'warn' | 'error'

/** Where our own lines go. What is written here at `info` or above may be read by anybody. */
export interface Log extends Readonly<Record<Level, (fields: object, text: string) => void>> {
  /** Whether anybody reads lines at `debug`, as it was when this was made. */
  readonly debugs: boolean
}

const levels = ['debug', 'info', 'warn', 'error'] as const satisfies readonly Level[]

/** What is wrong with what was given as a logger; `undefined` where it is one. */
export function loggerProblem(given: unknown): string | undefined {
  const missing = levels.filter(
    (level) => typeof (given as Record<string, unknown> | null)?.[level] !== 'function',
  )
  return missing.length === 0
    ? undefined
    : `\`logger\` must have the functions ${missing.join(', ')}, as pino has`
}

/** Our lines carry `module: 'envoyer'` where the logger can make children. */
export function createLog(given: Logger): Log {
  const logger = given.child?.({ module: 'envoyer' }) ?? given
  // A logger whose disk is full must not end deliveries, too.
  const write = (level: Level) => (fields: object, text: string) => {
    try {
      logger[level](fields, text)
    } catch {}
  }
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    debugs: logger.isLevelEnabled?.('debug') ?? true,
  }
}

/** A code as it may stand in a log: some backends put whatever they were answered into theirs. */
export function loggedCode(code: string): string {
  return /^[\w.:/-]{1,64}$/.test(code) ? code : 'other'
}
