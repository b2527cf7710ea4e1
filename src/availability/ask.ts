import { EnvoyerError } from '../errors.ts'
import {
  type Availability,
  createAvailability,
  type Opening,
  type OpenTime,
} from './availability.ts'
import { checkKeys, isRecord } from './check.ts'
import type { WindowSet } from './window.ts'

/** What is asked about: an instant, the zone whose wall clock is read, and the sets of windows. */
export interface Question {
  readonly now: Date
  /** A name such as `Europe/Berlin`. */
  readonly zone: string
  /** All of them must be open. None: always open. */
  readonly sets: readonly WindowSet[]
}

/**
 * The first instant not before `now` at which the wall clock reads inside all sets, exact to the
 * second; `now` itself, with its milliseconds, where that is inside. Compares the sets at each call:
 * where many are asked, {@link createAvailability} is several times as quick.
 *
 * @throws `option-invalid` for sets with problems, an unknown zone, a `now` that is no date, or a key
 * that is none of a question's.
 * @example
 * opening({
 *   now: new Date('2026-03-28T20:00:00Z'),
 *   zone: 'Europe/Berlin',
 *   sets: [[{ days: 'mon-fri', from: '09:00', to: '18:00' }]],
 * }) // { at: 2026-03-30T07:00:00.000Z, reason: 'window' }
 */
export function opening(question: Question): Opening {
  return availabilityOf(question).opening(question.now, question.zone)
}

/** Whether the wall clock reads inside all sets at `now`; see {@link opening}. */
export function isOpen(question: Question): boolean {
  return availabilityOf(question).isOpen(question.now, question.zone)
}

/** The end of the opening that holds at `now`, or else of the next; see {@link Availability}. */
export function closing(question: Question): Date | null {
  return availabilityOf(question).closing(question.now, question.zone)
}

/** The next `count` openings; see {@link Availability}. */
export function nextOpenings(question: Question, count: number): readonly OpenTime[] {
  return availabilityOf(question).nextOpenings(question.now, question.zone, count)
}

const maxKept = 100
const kept = new Map<string, Availability>()

/** Kept by what the sets say, not by which they are: a caller may change a list that it owns. */
function availabilityOf(question: Question): Availability {
  checkQuestion(question)
  const { sets } = question
  const text = written(sets)
  const known = text === undefined ? undefined : kept.get(text)
  if (known) return known
  const availability = createAvailability(sets)
  if (kept.size >= maxKept) kept.clear()
  if (text !== undefined) kept.set(text, availability)
  return availability
}

function written(sets: readonly WindowSet[]): string | undefined {
  try {
    return JSON.stringify(sets)
  } catch {
    // Cannot be sets of windows: createAvailability says why.
    return undefined
  }
}

const questionKeys = ['now', 'zone', 'sets']

/** A misspelt key would be an answer to another question than the one that was meant. */
function checkQuestion(question: unknown): void {
  const problems: string[] = []
  if (isRecord(question)) checkKeys(question, questionKeys, 'question', problems)
  else problems.push('question: must be { now, zone, sets }')
  if (problems.length > 0) throw new EnvoyerError('option-invalid', problems)
}
