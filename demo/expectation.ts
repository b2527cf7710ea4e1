/** How one delivery should end. */
export interface Expected {
  readonly event: string
  readonly channel: string
  readonly to: string
  readonly locale: string
  readonly status: 'sent' | 'failed'
  readonly attempts: number
  /** Code of the last failed try. */
  readonly code?: string
  /** It goes out in the place of one that was given up. */
  readonly instead?: true
  /** For e-mails that are sent: the subject, and what both html and text say. */
  readonly mail?: { readonly subject: string; readonly says: readonly string[] }
  /** For SMS that are sent. */
  readonly sms?: { readonly segments: number; readonly says: readonly string[] }
}

export function time(locale: string, timeZone: string, instant: string): string {
  return new Intl.DateTimeFormat(locale, { timeStyle: 'short', timeZone }).format(new Date(instant))
}

export function money(locale: string, currency: string, amount: number): string {
  return new Intl.NumberFormat(locale, { style: 'currency', currency }).format(amount)
}
