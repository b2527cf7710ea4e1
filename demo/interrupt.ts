/** Thrown where Ctrl-C ends the story early. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
}

const interruption = new AbortController()

/** From now on the first Ctrl-C ends the story gracefully, and a second one at once. */
export function listenForInterrupt(): () => void {
  const stop = () => interruption.abort(new Interrupted('interrupted'))
  const signals = ['SIGINT', 'SIGTERM'] as const
  for (const signal of signals) process.once(signal, stop)
  // Nobody reads on: `npm run demo | head`.
  process.stdout.on('error', stop)
  return () => {
    for (const signal of signals) process.off(signal, stop)
  }
}

/** The promise's result, or `Interrupted` as soon as Ctrl-C is pressed. */
export function unlessInterrupted<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const { signal } = interruption
    const stop = () => reject(signal.reason)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
