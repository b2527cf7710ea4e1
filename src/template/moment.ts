import { isDate } from '../availability/days.ts'
import { Fault } from './fault.ts'

export interface Moment {
  readonly at: Date
  /** False for a date or time written without a zone: `at` then reads right in UTC. */
  readonly zoned: boolean
}

const isoDate = /^\d{4}-\d{2}-\d{2}$/
const isoTime = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(Z|[+-]\d{2}:?\d{2})?$/i

/**
 * Reads what a date filter was given: a Date, ISO 8601, milliseconds since 1970, `now` or `today`.
 * `undefined` for nothing. Anything else is a fault: JavaScript would make a date of `order 1`.
 */
export function toMoment(filter: string, value: unknown, now: Date): Moment | undefined {
  if (value === null || value === undefined || value === '') return undefined
  if (value === 'now' || value === 'today') return { at: now, zoned: true }
  const moment = read(value)
  if (moment === undefined || Number.isNaN(moment.at.getTime())) {
    throw new Fault(
      `${filter} was given something that is not a date (a Date, ISO 8601 or milliseconds)`,
    )
  }
  return moment
}

function read(value: unknown): Moment | undefined {
  if (value instanceof Date) return { at: value, zoned: true }
  if (typeof value === 'number') return { at: new Date(value), zoned: true }
  if (typeof value !== 'string') return undefined
  if (/^\d{10,}$/.test(value)) return { at: new Date(Number(value)), zoned: true }
  if (!isDate(value)) return undefined
  if (isoDate.test(value)) return { at: new Date(`${value}T00:00:00Z`), zoned: false }
  const parsed = isoTime.exec(value)
  if (parsed === null) return undefined
  const text = value.replace(' ', 'T').replace(',', '.')
  return parsed[1] === undefined
    ? { at: new Date(`${text}Z`), zoned: false }
    : { at: new Date(text), zoned: true }
}
