/**
 * All that happens in a case happens at multiples of this, by a clock that is moved: so long that the
 * real time which a case takes makes nothing due, and a power of two, so that tokens come out even.
 */
export const tickMs = 512_000

/** Never ends at a tick: what happens at the very instant is another question. */
export const leaseMs = 1.5 * tickMs

/** A time in the database as the model counts them: without the real time that went by. */
export const halfTicks = (ms: number) => Math.floor(ms / (tickMs / 2))
