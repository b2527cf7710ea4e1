/**
 * Loaded into a process by `--import`, before all else: its clock is wrong by so many milliseconds.
 * What counts time instead of telling it (`performance.now`, timers) goes on as it was.
 */
const shiftMs = Number(process.env.ENVOYER_TEST_CLOCK_SHIFT_MS)
const RealDate = Date

globalThis.Date = class ShiftedDate extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(RealDate.now() + shiftMs)
    else super(...parts)
  }

  /** What the runtime itself makes is one of these, too. */
  static [Symbol.hasInstance](value) {
    return value instanceof RealDate
  }

  static now() {
    return RealDate.now() + shiftMs
  }
}
