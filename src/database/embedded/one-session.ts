import { AsyncLocalStorage } from 'node:async_hooks'
import type { DataSource, QueryRunner } from 'typeorm'
import { EnvoyerError } from '../../errors.ts'
import type { Guard } from '../pooled.ts'

/** What a call chain knows of the transaction that it has open. */
interface Chain {
  open: boolean
  /** Whether no transaction has begun in it yet, so that it is this chain's alone. */
  fresh: boolean
  owner?: QueryRunner
}

/**
 * The embedded database has one session. A call that waits for it from within the transaction that
 * holds it would wait for itself, so such a call fails at once. Other call chains just wait.
 */
export function guardOneSession(source: DataSource): Guard {
  const chains = new AsyncLocalStorage<Chain>()
  const check = (caller?: QueryRunner) => {
    const chain = chains.getStore()
    if (!chain?.open || (caller && chain.owner === caller)) return
    throw new EnvoyerError(
      'transaction-open',
      'This call would wait for the transaction in which it is made.',
    )
  }
  const within = async <T>(work: () => Promise<T>): Promise<T> => {
    const chain: Chain = { open: true, fresh: false }
    try {
      return await chains.run(chain, work)
    } finally {
      chain.open = false
    }
  }
  // `source.transaction` starts in the caller's own context; run in one of its own, it cannot mark
  // what the caller does beside it.
  const transaction = source.manager.transaction.bind(source.manager) as (
    ...args: unknown[]
  ) => Promise<unknown>
  const separate = (...args: unknown[]) => {
    check()
    return chains.run({ open: false, fresh: true }, () => transaction(...args))
  }
  source.manager.transaction = separate as typeof source.manager.transaction
  const create = source.createQueryRunner.bind(source)
  source.createQueryRunner = (mode) => watch(create(mode), chains, check)
  return { check: () => check(), within }
}

function watch(
  runner: QueryRunner,
  chains: AsyncLocalStorage<Chain>,
  check: (caller: QueryRunner) => void,
): QueryRunner {
  let chain: Chain | undefined
  const { startTransaction, commitTransaction, rollbackTransaction, release, connect } = runner
  const ended = () => {
    if (chain && !runner.isTransactionActive) chain.open = false
  }
  runner.connect = async () => {
    check(runner)
    return connect.call(runner)
  }
  runner.startTransaction = (level) => {
    check(runner)
    // Before anything is awaited, so that what the caller does next is marked as well. (So is what
    // its own caller does beside it, if nothing was awaited there yet: that much cannot be told.)
    if (!runner.isTransactionActive) {
      const here = chains.getStore()
      chain = here?.fresh ? here : { open: true, fresh: false }
      Object.assign(chain, { open: true, fresh: false, owner: runner })
      if (chain !== here) chains.enterWith(chain)
    }
    return startTransaction.call(runner, level).finally(ended)
  }
  runner.commitTransaction = () => commitTransaction.call(runner).finally(ended)
  runner.rollbackTransaction = () => rollbackTransaction.call(runner).finally(ended)
  runner.release = async () => {
    if (chain) chain.open = false
    return release.call(runner)
  }
  return runner
}
