/** How long what is settled is kept. */
export interface Keeping {
  /** Removes notifications that were completed longer ago than this. Default 30. */
  readonly days?: number
  /**
   * Keeps those with an idempotency key for so long at least: a key is known for as long as its
   * notification is kept, and the same call after that sends again. Default 30.
   */
  readonly keepKeysDays?: number
}

export const keepingNames = ['days', 'keepKeysDays'] as const

/** PostgreSQL knows no time before 4714 BC. */
const longestDays = 365_000

/** What is wrong with it. */
export function keepingProblems(given: Keeping): string[] {
  const isDays = (days: unknown) => typeof days === 'number' && days >= 0 && days <= longestDays
  return keepingNames
    .filter((key) => given[key] !== undefined && !isDays(given[key]))
    .map((key) => `\`${key}\` must be a number of days from 0 to ${longestDays} (1,000 years)`)
}

export function keepingOf({ days = 30, keepKeysDays = 30 }: Keeping) {
  return { days, keepKeysDays }
}
