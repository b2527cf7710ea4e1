/** Header names in lower case. */
export type Headers = Readonly<Record<string, string>>

/** What belongs to the connection (RFC 9110, 7.6.1), to the HTTP client, or to the signature. */
const ours: ReadonlySet<string> = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'webhook-id',
  'webhook-signature',
  'webhook-timestamp',
])

/** `token` of RFC 9110, 5.6.2. */
const nameForm = /^[!#$%&'*+.^_`|~0-9a-z-]+$/
/** `field-value` of RFC 9110, 5.5, without `obs-text`: no line break can get into a request. */
const valueForm = /^[\t\x20-\x7e]*$/

/** All of one address's headers together, in characters. */
const maxHeadersLength = 8192

function headerProblem(name: string, value: unknown): string | undefined {
  if (!nameForm.test(name)) return `\`${name}\` is not a header name`
  if (ours.has(name)) return `the header \`${name}\` cannot be set`
  if (typeof value !== 'string') return `the header \`${name}\` must be a string`
  return valueForm.test(value)
    ? undefined
    : `the header \`${name}\` holds something other than visible ASCII in one line`
}

/**
 * Reads custom headers: names in lower case, values trimmed and otherwise kept whole.
 * @throws Error naming every header that is not valid, never a value.
 */
export function parseHeaders(value: unknown): Headers {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new Error('`headers` must be an object of header names and strings.')
  }
  const headers: Record<string, string> = Object.create(null)
  const problems: string[] = []
  for (const [key, each] of Object.entries(value)) {
    const name = key.toLowerCase()
    const problem =
      headers[name] === undefined
        ? headerProblem(name, each)
        : `the header \`${name}\` is given twice`
    if (problem === undefined) headers[name] = each.trim()
    else problems.push(problem)
  }
  if (Object.entries(headers).flat().join('').length > maxHeadersLength) {
    problems.push(`all headers together are longer than ${maxHeadersLength} characters`)
  }
  if (problems.length > 0) throw new Error(`\`headers\`: ${problems.join('; ')}.`)
  return { ...headers }
}

const shown: ReadonlySet<string> = new Set([
  'content-type',
  'traceparent',
  'user-agent',
  'webhook-id',
  'webhook-timestamp',
])

/** For the log of attempts: values that the application gave, and signatures, are masked. */
export function maskHeaders(headers: Headers): Headers {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, shown.has(name) ? value : '***']),
  )
}

/** Shorter ones are found in any text, and are no secrets worth the name. */
const leastSecretLength = 6

/**
 * The same values, for what a receiver answers: some repeat the headers that they get, and an
 * address's are never to be shown. Without the scheme too (`Bearer …`).
 */
export function secretsOf(headers: Headers): string[] {
  return Object.entries(headers)
    .filter(([name]) => !shown.has(name))
    .flatMap(([, value]) => (/\s/.test(value) ? [value, value.replace(/^\S+\s+/, '')] : value))
    .filter((secret) => secret.length >= leastSecretLength)
}
