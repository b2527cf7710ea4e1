import { unknownKeys } from '../channel/known-keys.ts'
import { EnvoyerError } from '../errors.ts'

/** An object of options without keys that nothing knows. Throws `option-invalid`. */
export function refuseUnknown<Options extends object>(
  options: Options,
  known: readonly (keyof Options & string)[],
): Options {
  const isObject = typeof options === 'object' && options !== null && !Array.isArray(options)
  const problems = isObject ? unknownKeys(options, known) : ['the options must be an object']
  if (problems.length > 0) throw new EnvoyerError('option-invalid', problems)
  return options
}
