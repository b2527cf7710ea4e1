/** Rejects with `makeError()` once `ms` have passed; the work itself goes on. */
export async function inTime<T>(ms: number, work: Promise<T>, makeError: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(makeError()), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** True where work is fulfilled within `ms`; false where it is rejected or late. It goes on then. */
export function endsWithin(ms: number, work: Promise<unknown>): Promise<boolean> {
  return inTime(ms, work, () => new Error('late')).then(
    () => true,
    () => false,
  )
}
