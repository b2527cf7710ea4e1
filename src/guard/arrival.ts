import { codeOf } from '../errors.ts'

/** Failures of these calls of the operating system come before the first byte of a request. */
const before = new Set(['connect', 'getaddrinfo', 'queryA', 'queryAaaa'])
const neverSent =
  /^(?:url-refused|closed|dns-failed|timeout-dns|timeout-connect|ENOTFOUND|EAI_\w+|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH)$/

/**
 * Whether a request whose connection failed may have arrived. Where that cannot be known the
 * answer is yes: a message that is said to be unconfirmed and never went out does no harm.
 */
export function mayHaveArrived(error: Error): boolean {
  if (neverSent.test(codeOf(error, ''))) return false
  const { syscall } = (error.cause ?? {}) as { syscall?: unknown }
  return typeof syscall !== 'string' || !before.has(syscall)
}
