import { EnvoyerError } from '../errors.ts'
import { refuseUnknown } from '../option/given.ts'
import { type Keeping, keepingNames, keepingOf, keepingProblems } from '../option/keeping.ts'
import { countOld, type Pruned, prune } from '../outbox/prune.ts'
import type { OperateParts } from './operate-parts.ts'

export interface PruneOptions extends Keeping {
  /** Only counts what would be removed. Default false. */
  readonly dryRun?: boolean
  /** Told after each chunk what was removed so far. */
  onProgress?(progress: Pruned): void
}

export function createPrune({ open }: Pick<OperateParts, 'open'>) {
  return async (options: PruneOptions = {}): Promise<Pruned> => {
    const given = refuseUnknown(options, [...keepingNames, 'dryRun', 'onProgress'])
    const problems = keepingProblems(given).map((line) => `prune: ${line}`)
    if (problems.length > 0) throw new EnvoyerError('option-invalid', problems)
    const { outbox, database } = await open()
    const terms = keepingOf(given)
    if (given.dryRun) return countOld(outbox, database, terms)
    const { onProgress } = given
    return prune(outbox, database, terms, onProgress ? { onChunk: onProgress } : {})
  }
}
