export type Day = 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun'

/** One day, or the days from one to another; a range may run over the week's end: `'fri-mon'`. */
export type DayRange = Day | `${Day}-${Day}`

/**
 * Days of the week: `'mon'`, `'mon-fri'`, several with commas (`'sat,sun'`, `'mon-wed,fri'`), or a
 * list (`['mon', 'wed']`). Upper case is taken too.
 */
export type Days = DayRange | (string & {}) | readonly DayRange[]

/**
 * A time of the week in which messages may go out, as the recipient's wall clock reads. Half-open:
 * `from` is inside, `to` is not. Where `to` is earlier than `from`, the window runs over midnight
 * and belongs to the day on which it starts; `from` equal to `to` is refused.
 *
 * @example { days: 'mon-fri', from: '09:00', to: '18:00' }
 */
export interface Window {
  /** Default: every day. */
  readonly days?: Days
  /** `HH:mm`, from `'00:00'` to `'23:59'`. */
  readonly from: string
  /** `HH:mm`, or `'24:00'` for the end of the day. */
  readonly to: string
}

/**
 * Local dates, as `YYYY-MM-DD`, on which nothing is open: one, or all from `from` to `to`, both
 * included. What a window of the evening before has left after midnight is closed too.
 */
export type ClosedDate = string | { readonly from: string; readonly to: string }

/**
 * The windows of one owner (a channel, an event): open where any of them is, except on closed
 * dates. Without a window it is open at any time, `{ windows: [], except }` on every day but those.
 */
export type WindowSet =
  | readonly Window[]
  | { readonly windows: readonly Window[]; readonly except?: readonly ClosedDate[] }
