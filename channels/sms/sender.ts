import { parsePhoneNumber } from './phone.ts'

/** Three to eight digits, as countries hand them out to businesses. */
const shortCode = /^\d{3,8}$/
/** Up to eleven ASCII letters, digits and spaces, one letter at least. */
const senderId = /^(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9 ]{0,10}$/

/**
 * Reads who a message comes from: a number with its country code, a short code (`12345`), or a
 * name (`My Shop`; https://www.twilio.com/docs/glossary/what-alphanumeric-sender-id).
 * @throws Error whose text says what is wrong.
 */
export function parseSender(value: unknown): string {
  if (typeof value !== 'string') throw new Error('must be a string')
  const text = value.trim()
  if (text.startsWith('+')) return parsePhoneNumber(text)
  if (shortCode.test(text) || senderId.test(text)) return text
  throw new Error(
    'must be a number with its country code, a short code, or a name of up to 11 letters, digits and spaces',
  )
}
