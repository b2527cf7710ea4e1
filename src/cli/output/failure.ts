import { codeOf } from '../../errors.ts'

/**
 * An error as `code: what … remedy`; with all stacks where those were asked for. By its name, not
 * its class: a configuration may bring another copy of the package.
 */
export function describeFailure(error: Error, verbose: boolean): string {
  const code = codeOf(error, 'error')
  const text = error.name === 'EnvoyerError' ? error.message.replace(` [${code}]`, '') : said(error)
  return [`${code}: ${text}`, ...(verbose ? stacks(error) : [])].join('\n')
}

/** Several at once (of a host with two addresses, say) have no message of their own. */
function said(error: Error): string {
  if (error.message !== '' || !(error instanceof AggregateError)) return error.message
  return error.errors.map((each: Error) => each.message).join('; ')
}

function* stacks(error: Error): Generator<string> {
  for (let each: unknown = error; each instanceof Error; each = each.cause) {
    yield each.stack ?? each.message
  }
}
