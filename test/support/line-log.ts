import type { Logger } from '../../src/log/logger.ts'

export interface Line {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly text: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** A logger that keeps its lines; their texts and fields as a logger would write them. */
export function lineLog(): { readonly logger: Logger; readonly lines: Line[] } {
  const lines: Line[] = []
  const at =
    (level: Line['level'], bound: object = {}) =>
    (fields: object, text: string) =>
      void lines.push({ level, text, fields: { ...bound, ...fields } })
  const logger = (bound: object): Logger => ({
    debug: at('debug', bound),
    info: at('info', bound),
    warn: at('warn', bound),
    error: at('error', bound),
    child: (fields) => logger({ ...bound, ...fields }),
  })
  return { logger: logger({}), lines }
}
