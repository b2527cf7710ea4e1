import { domainToASCII } from 'node:url'
import type { AddressType } from '../../src/channel/address.ts'

/** One mailbox: an address, and the name shown with it. */
export interface Mailbox {
  readonly name?: string
  readonly address: string
}

/** Anything that could end a header line, or hide in one: control characters, lone surrogates. */
export const unprintable = /[\p{Cc}\p{Cs}\u2028\u2029]/u

const atext = "[\\w!#$%&'*+/=?^`{|}~\\u0080-\\u{10FFFF}-]+"
const dotAtom = new RegExp(`^${atext}(?:\\.${atext})*$`, 'u')
const hostname = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const plainName = /^[\p{L}\p{N} !#$%&'*+/=?^_`{|}~-]+$/u
const maxNameLength = 256

/**
 * Reads `jane@example.com`, `Jane Doe <jane@example.com>` or `{ name, address }`.
 *
 * The domain comes back lower-cased and as ASCII (`münchen.de` → `xn--mnchen-3ya.de`), the local
 * part in Unicode's composed form. Lengths are those of RFC 5321, section 4.5.3.1. Quoted local
 * parts and `[127.0.0.1]` are legal there and refused here: nobody is reached by them, and they
 * are where two readers of one address come to different conclusions.
 */
export function parseMailbox(value: unknown): Mailbox {
  if (typeof value === 'string') return parseText(value.trim())
  if (typeof value === 'object' && value !== null && 'address' in value) {
    const { address, name } = value as { address: unknown; name?: unknown }
    if (typeof address === 'string' && (name === undefined || typeof name === 'string')) {
      return mailbox(name ?? '', address.trim())
    }
  }
  throw new Error('an e-mail address must be a string')
}

/** The text that `parseMailbox` reads back as the same mailbox. */
export function formatMailbox({ name, address }: Mailbox): string {
  if (name === undefined) return address
  return `${plainName.test(name) ? name : `"${name.replace(/["\\]/g, '\\$&')}"`} <${address}>`
}

/** The address without the name shown with it. */
export function bareAddress(text: string): string {
  return text.endsWith('>') ? text.slice(text.lastIndexOf('<') + 1, -1) : text
}

/** The domain of an address as `parseMailbox` returns it. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1)
}

/**
 * The address of the e-mail channel: one mailbox, kept as text. A name is kept and shown in `To`.
 *
 * Two addresses count as the same when they differ in case only. RFC 5321 (section 2.4) leaves the
 * case of the local part to the receiving host, but advises hosts against using it, and none that
 * matters does: without this, `Jane@` and `jane@` in one list of recipients get two mails. What is
 * sent to is the address as it was given.
 */
export const emailAddress: AddressType<string, 'email'> = {
  recipientKey: 'email',
  parse: (value) => formatMailbox(parseMailbox(value)),
  key: (address) => bareAddress(address).toLowerCase(),
}

function parseText(text: string): Mailbox {
  if (!text.endsWith('>')) return mailbox('', text)
  const start = text.lastIndexOf('<')
  if (start < 0) throw new Error(`${show(text)} is not an e-mail address`)
  const before = text.slice(0, start).trim()
  const quoted = /^"((?:[^"\\]|\\.)*)"$/u.exec(before)
  if (quoted === null && /["<>@;]/.test(before)) {
    throw new Error(
      `${show(text)} is not one e-mail address; a name with special characters must be quoted`,
    )
  }
  const name = quoted === null ? before : quoted[1]!.replace(/\\(.)/gu, '$1')
  return mailbox(name, text.slice(start + 1, -1).trim())
}

function mailbox(name: string, address: string): Mailbox {
  if (unprintable.test(name))
    throw new Error(`the name of ${show(address)} has a control character or line break`)
  const shown = name.trim()
  if (shown.length > maxNameLength)
    throw new Error(`the name of ${show(address)} is longer than ${maxNameLength} characters`)
  const checked = checkAddress(address)
  return shown === '' ? { address: checked } : { name: shown, address: checked }
}

function checkAddress(given: string): string {
  // composed before it is looked at: composing can produce ASCII (U+037E becomes a semicolon)
  const address = given.normalize('NFC')
  const at = address.lastIndexOf('@')
  if (at < 1 || at === address.length - 1)
    throw new Error(`${show(given)} is not an e-mail address`)
  if (/[\p{C}\p{Z}]/u.test(address))
    throw new Error(`${show(given)} has a space or an invisible character`)
  const local = address.slice(0, at)
  if (!dotAtom.test(local)) throw new Error(`${show(given)} has an invalid part before the @`)
  if (Buffer.byteLength(local) > 64)
    throw new Error(`${show(given)} has more than 64 bytes before the @`)
  const domain = asciiDomain(address.slice(at + 1))
  if (domain === undefined) throw new Error(`${show(given)} has an invalid domain`)
  if (Buffer.byteLength(local) + 1 + domain.length > 254)
    throw new Error(`${show(given)} is longer than 254 bytes`)
  return `${local}@${domain}`
}

function asciiDomain(given: string): string | undefined {
  let domain = given.toLowerCase()
  if (!hostname.test(domain) || domain.includes('xn--')) {
    // domainToASCII reads a URL's host, so it would decode %-escapes and drop slashes
    if (!/^[\w.\u0080-\u{10FFFF}-]+$/u.test(domain)) return undefined
    domain = domainToASCII(domain)
  }
  // a last label of digits would be an IPv4 address, which a URL's host reads even out of `1`
  return domain.length <= 253 && hostname.test(domain) && !/(?:^|\.)\d+$/.test(domain)
    ? domain
    : undefined
}

function show(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
}
