import { signalNames } from '../../src/signal/signals.ts'
import { readInterface } from './interfaces.ts'
import { code, page, table } from './markdown.ts'

const path = 'src/signal/signals.ts'

export async function signalsPage(): Promise<string> {
  const shapes = new Map((await readInterface(path, 'Signals')).map((each) => [each.name, each]))
  const rows = Object.entries(signalNames).map(([name, meaning]) => [
    code(name),
    meaning,
    code(shapes.get(`'${name}'`)?.type ?? ''),
  ])
  return page(
    'Signals',
    '`envoyer.on(name, listener)` listens, and returns the function that ends it. Signals fire after the commit, in the process that did the work, at most once: a process that is killed fires none. For what must not be missed, read `deliveries` or use [`onCompleted`](../guides/transactions.md#when-all-is-done). A listener that throws harms nothing; the error goes to [`onFailure`](../guides/failures.md#an-error-tracker).',
    table(['signal', 'fires when', 'carries'], rows),
    '## DeliverySignal',
    'Addresses and contexts stay in the database: `deliveries.get(id)` reads them.',
    await fields('DeliverySignal'),
    '## FailedTry',
    'All of DeliverySignal, and:',
    await fields('FailedTry'),
  )
}

async function fields(name: string): Promise<string> {
  const properties = await readInterface(path, name)
  return table(
    ['field', 'type', 'meaning'],
    properties.map((each) => [code(each.name), code(each.type), each.meaning]),
  )
}
