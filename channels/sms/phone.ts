import { type CountryCode, ParseError, parsePhoneNumberWithError } from 'libphonenumber-js/min'
import type { AddressType } from '../../src/channel/address.ts'

/** `+`, then at most 15 digits of which the first is not 0 (ITU-T E.164). */
const e164 = /^\+[1-9]\d{1,14}$/

/**
 * Reads a phone number as people write it and returns it as E.164 (`+491701234567`). Without a
 * country code it is taken for one of `defaultCountry`.
 *
 * Only the length is checked against the country's numbering plan: ranges are handed out faster
 * than applications update their packages, and of a number that nobody has the provider tells.
 *
 * @throws Error whose text says what is wrong.
 */
export function parsePhoneNumber(value: unknown, defaultCountry?: CountryCode): string {
  if (typeof value !== 'string') throw new Error('a phone number must be a string')
  const text = value.normalize('NFKC').trim()
  // of RFC 3966: what such parameters change is not what people see
  if (text.includes(';')) throw new Error(notOne(text))
  const { number, ext } = read(text, defaultCountry)
  if (ext !== undefined) throw new Error(`${show(text)} has an extension`)
  // as it will be read from now on: some digits are possible in their country only
  const again = read(number)
  if (!again.isPossible() || again.number !== number || !e164.test(number)) {
    throw new Error(`${show(text)} is too short or too long for a phone number`)
  }
  return number
}

/** The address of the sms channel: one phone number, kept as E.164. */
export function phoneAddress(defaultCountry?: CountryCode): AddressType<string, 'phone'> {
  return {
    recipientKey: 'phone',
    parse: (value) => parsePhoneNumber(value, defaultCountry),
    key: (address) => address,
  }
}

function read(text: string, defaultCountry?: CountryCode) {
  try {
    // not extracted: a number within other text is more likely a mistake than meant
    const options = { extract: false, ...(defaultCountry !== undefined && { defaultCountry }) }
    return parsePhoneNumberWithError(text, options)
  } catch (thrown) {
    throw new Error(explain(text, thrown instanceof ParseError ? thrown.message : ''))
  }
}

function explain(text: string, reason: string): string {
  if (/^(?:TOO_SHORT|TOO_LONG|INVALID_LENGTH)$/.test(reason)) {
    return `${show(text)} is too short or too long for a phone number`
  }
  if (reason !== 'INVALID_COUNTRY') return notOne(text)
  return text.startsWith('+')
    ? `${show(text)} begins with a country code that does not exist`
    : `${show(text)} has no country code, and the channel no \`defaultCountry\``
}

function notOne(text: string): string {
  return `${show(text)} is not a phone number`
}

function show(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)
}
