import { badPorts } from './special.ts'

/** Longer ones are refused: they would not fit into an index of the database. */
const maxUrlLength = 2048

/**
 * Reads a URL that a message may be sent to, by everything that can be seen without a lookup:
 * http or https, a host, no credentials, no port of another protocol. The WHATWG parser turns all
 * spellings of an IPv4 address (`2130706433`, `0x7f.1`, `0177.0.0.1`, `１２７.1`) into the dotted one
 * and international names into ASCII. The fragment and a host's trailing dot are dropped.
 * @throws Error whose text says what is wrong.
 */
export function readUrl(text: string): URL {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u0020\u007f]/.test(text)) {
    // The parser would drop tabs and line breaks without a word.
    throw new Error('The URL contains white space or control characters.')
  }
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw new Error('This is not an absolute URL, such as https://example.com/hook.')
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new Error(`The URL must start with http:// or https://, not \`${url.protocol}\`.`)
  }
  if (url.username !== '' || url.password !== '') {
    throw new Error('The URL contains a user name or password; use an authorization header.')
  }
  if (url.port !== '' && badPorts.has(Number(url.port))) {
    throw new Error(`Port ${url.port} belongs to another protocol.`)
  }
  url.hash = ''
  if (url.hostname.endsWith('.')) url.hostname = url.hostname.replace(/\.+$/, '')
  if (url.hostname === '' || url.hostname.endsWith('.')) throw new Error('The URL has no host.')
  if (url.href.length > maxUrlLength) {
    throw new Error(`The URL is longer than ${maxUrlLength} characters.`)
  }
  return url
}

/** The host of a URL without the brackets of IPv6. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '')
}
